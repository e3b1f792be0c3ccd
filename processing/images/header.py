"""Checks a file's header against the limits, in pure Python, before any decoder runs."""

from collections.abc import Sequence

from processing.failures import FailureCode, PermanentError
from processing.images.formats.input_format import Data, Header, cut_off_is_truncated
from processing.images.formats.registry import read_header
from processing.settings import Limits


def inspect_header(photo: Data, limits: Limits) -> Header:
    """Read a source file's header and check it against the limits.

    Raises:
        PermanentError: `empty-object`, `too-many-bytes`, `unsupported-format`, `too-many-pixels`, `too-many-pages`,
            `corrupt-image` or `truncated-image` when the header itself is broken.
    """
    if not photo:
        raise PermanentError(FailureCode.EMPTY_OBJECT, "0 bytes")
    if len(photo) > limits.max_bytes:
        raise PermanentError(FailureCode.TOO_MANY_BYTES, f"{len(photo):,} bytes, the limit is {limits.max_bytes:,}")
    header = read_header(photo)
    check_pixels(header.decoded_size, limits)
    if header.pages > limits.max_pages:
        raise PermanentError(FailureCode.TOO_MANY_PAGES, f"{header.pages:,} pages, the limit is {limits.max_pages:,}")
    return header


def further_pages(photo: Data, header: Header, limits: Limits) -> Sequence[Header]:
    """Read the headers of the pages after the first that the PDF shows, and check them against the limits.

    Raises:
        PermanentError: `too-many-pixels`, `unsupported-format`, `corrupt-image`, `truncated-image`.
    """
    if header.pages == 1 or not header.format.read_pages:
        return ()
    with cut_off_is_truncated():
        pages = header.format.read_pages(photo)
    for page in pages:
        check_pixels(page.size, limits)
    return pages


def check_pixels(size: tuple[int, int], limits: Limits) -> None:
    """Check a size that the header or the decoder reports.

    Raises:
        PermanentError: `too-many-pixels`.
    """
    width, height = size
    if width * height > limits.max_pixels:
        detail = f"{width:,} x {height:,} pixels, the limit is {limits.max_pixels:,} in all"
        raise PermanentError(FailureCode.TOO_MANY_PIXELS, detail)
