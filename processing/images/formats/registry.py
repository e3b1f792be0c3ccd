"""The registry of input formats. To add one, write a module like these and add it to `FORMATS`."""

from processing.failures import FailureCode, PermanentError
from processing.images.formats.avif import AVIF
from processing.images.formats.gif import GIF
from processing.images.formats.heic import HEIC
from processing.images.formats.input_format import Data, Header, InputFormat, cut_off_is_truncated
from processing.images.formats.jpeg import JPEG
from processing.images.formats.other_kinds import name_kind
from processing.images.formats.png import PNG
from processing.images.formats.tiff import TIFF
from processing.images.formats.webp import WEBP

FORMATS: tuple[InputFormat, ...] = (JPEG, PNG, GIF, TIFF, WEBP, AVIF, HEIC)


def detect_format(data: Data) -> InputFormat:
    """Detect the format by magic bytes, never by name.

    Raises:
        PermanentError: `unsupported-format`.
    """
    for candidate in FORMATS:
        if candidate.detect(data):
            return candidate
    raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, f"looks like {name_kind(data)}")


def read_header(data: Data) -> Header:
    """Read format, size and pages without checking the limits.

    Raises:
        PermanentError: `unsupported-format`, `corrupt-image`, `truncated-image`.
    """
    with cut_off_is_truncated():
        header = detect_format(data).read_header(data)
    if not header.pixels:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "an image without pixels")
    return header
