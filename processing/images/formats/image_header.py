"""What a file's first bytes say about the image in it, before anything is decoded."""

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from processing.failures import FailureCode, PermanentError

# A file mapped into memory, or bytes: both can be indexed, sliced, searched and unpacked from.
Data = bytes | mmap.mmap

# Walks over segments, boxes, frames and directories end here: a hostile file must not buy time with empty ones.
MAX_PARTS = 20_000

# Measured with photos of 12 to 100 megapixels in every format. The first covers the renditions, the encoder and the
# libraries' buffers; the second is how many rows libvips keeps in flight while it shrinks.
_ANY_PHOTO_BYTES = 24 * 1024 * 1024
_ROWS_IN_FLIGHT = 1400


@contextmanager
def cut_off_is_truncated() -> Iterator[None]:
    """Turns reading past the end into `truncated-image`, so that parsers need not check every step.

    Raises:
        PermanentError: `truncated-image`.
    """
    try:
        yield
    except (struct.error, IndexError, OverflowError):
        raise PermanentError(FailureCode.TRUNCATED_IMAGE, "the file ends inside its header") from None


class ImageFormat(StrEnum):
    """The formats that Darkroom reads."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    GIF = "gif"
    TIFF = "tiff"
    AVIF = "avif"


@dataclass(frozen=True, kw_only=True)
class Header:
    """The image as its header announces it.

    Attributes:
        format: by magic bytes, never by name.
        width_px: as stored, before any EXIF orientation.
        height_px: as stored, before any EXIF orientation.
        pages: pages of a TIFF, frames of an animation, otherwise 1.
        row_bytes: one decoded row.
        decode_bytes: memory that decoding needs because of the file's own structure: a progressive JPEG keeps every
            coefficient, an interlaced PNG every pixel.
        has_alpha: whether the first band beyond the colours, if there is one, is transparency.
    """

    format: ImageFormat
    width_px: int
    height_px: int
    pages: int = 1
    row_bytes: int
    decode_bytes: int = 0
    has_alpha: bool = True

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return (self.width_px, self.height_px)

    @property
    def memory_bytes(self) -> int:
        """Memory that rendering will need beyond the worker's own: an estimate on the safe side."""
        return _ANY_PHOTO_BYTES + min(_ROWS_IN_FLIGHT, self.height_px) * self.row_bytes + self.decode_bytes

    @property
    def pixels(self) -> int:
        """Of one page."""
        return self.width_px * self.height_px
