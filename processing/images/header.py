"""Checks a file's header against the limits, in pure Python, before any decoder runs."""

from pathlib import Path

from processing.failures import FailureCode, PermanentError
from processing.images.formats.input_format import Header
from processing.images.formats.registry import read_header
from processing.images.mapped_file import map_file
from processing.settings import Limits


def inspect_header(path: Path, limits: Limits) -> Header:
    """Read the header of a source file and check it against the limits.

    Raises:
        PermanentError: `empty-object`, `too-many-bytes`, `unsupported-format`, `too-many-pixels`, `too-many-pages`,
            `corrupt-image` or `truncated-image` when the header itself is broken.
    """
    size_bytes = path.stat().st_size
    if size_bytes == 0:
        raise PermanentError(FailureCode.EMPTY_OBJECT, "0 bytes")
    if size_bytes > limits.max_bytes:
        raise PermanentError(FailureCode.TOO_MANY_BYTES, f"{size_bytes:,} bytes, the limit is {limits.max_bytes:,}")
    with map_file(path) as data:
        header = read_header(data)
    check_pixels(header.size, limits)
    if header.pages > limits.max_pages:
        raise PermanentError(FailureCode.TOO_MANY_PAGES, f"{header.pages:,} pages, the limit is {limits.max_pages:,}")
    return header


def check_pixels(size: tuple[int, int], limits: Limits) -> None:
    """Check width and height in pixels; the decoder may find another size than the header says.

    Raises:
        PermanentError: `too-many-pixels`.
    """
    width, height = size
    if width * height > limits.max_pixels:
        detail = f"{width:,} x {height:,} pixels, the limit is {limits.max_pixels:,} in all"
        raise PermanentError(FailureCode.TOO_MANY_PIXELS, detail)
