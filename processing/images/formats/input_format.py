"""An input format, and the header of a file as its parser reports it. The parsers are pure Python."""

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from processing.failures import FailureCode, PermanentError
from processing.photo_notes import Note

# A photo: bytes, or a view of a file that is mapped into memory. A slice of a view copies nothing.
Data = bytes | memoryview

# Loops over segments, boxes, frames and directories stop here, so that hostile files cannot keep a parser busy.
MAX_PARTS = 20_000

_SEARCHED_BYTES = 64 * 1024

# Measured with photos of 12 to 100 megapixels in every format. The first covers the renditions, the encoder and the
# libraries' buffers; the second is how many rows libvips keeps in memory while it shrinks.
_ANY_PHOTO_BYTES = 24 * 1024 * 1024
_ROWS_IN_MEMORY = 1400


@dataclass(frozen=True, kw_only=True, eq=False)
class InputFormat:
    """A format that Darkroom reads: an entry of `FORMATS`.

    Attributes:
        name: as reported in `Rendered.source_format`.
        detect: returns whether the file starts with this format's magic bytes.
        read_header: returns the header; raises `PermanentError` for what cannot be decoded, and `struct.error`,
            `IndexError` or `OverflowError` when the file ends inside its header.
        loader: the libvips operation, by its nickname (`pngload_source`), or None for a decoder of `decode`'s. No other
            loader is allowed.
        options: further options of the loader.
        shrink_options: returns the loader's options for shrink-on-load by 2, 4 or 8; None where it cannot shrink.
        prepare: checks that the file is complete and returns what to decode.
        has_end: returns whether the file's end is there. For decoders that report missing and damaged data in the
            same words (libpng does): it tells `truncated-image` from `corrupt-image`.
        read_pages: returns the headers of the pages after the first that are shown, of a file with several.
        is_tiff: artist and copyright are in the file's own directory instead of an EXIF block.
        turns_itself: the boxes of the format say which way up the picture is; its decoder follows them.
    """

    name: str
    detect: Callable[[Data], bool]
    read_header: Callable[[Data], "Header"]
    loader: str | None
    options: Mapping[str, Any] = field(default_factory=dict)
    shrink_options: Callable[[int], Mapping[str, Any]] | None = None
    prepare: Callable[[Data], "Prepared"] | None = None
    has_end: Callable[[Data], bool] | None = None
    read_pages: "Callable[[Data], Sequence[Header]] | None" = None
    is_tiff: bool = False
    turns_itself: bool = False


@dataclass(frozen=True)
class Prepared:
    """A header's instructions for the decoder.

    Attributes:
        data: the file itself, or a repaired copy.
        notes: on harmless defects of the file.
    """

    data: Data
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Header:
    """The image as its header announces it.

    Attributes:
        format: by magic bytes, never by file name.
        width_px: as stored, before any EXIF orientation.
        height_px: as stored, before any EXIF orientation.
        pages: pages of a TIFF, frames of an animation, otherwise 1.
        page: the page that this is the header of, from 0.
        row_bytes: size of one decoded row.
        decode_bytes: memory that decoding needs because of the file's own structure: a progressive JPEG keeps every
            coefficient, an interlaced PNG every pixel.
        has_alpha: whether the first band after the colours, if there is one, is transparency.
        profile: libvips' name of the profile of a photo that embeds none; empty for that of its colour space.
    """

    format: InputFormat
    width_px: int
    height_px: int
    pages: int = 1
    page: int = 0
    row_bytes: int
    decode_bytes: int = 0
    has_alpha: bool = True
    profile: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height in pixels."""
        return (self.width_px, self.height_px)

    @property
    def decoded_size(self) -> tuple[int, int]:
        """Return what is decoded, before a crop that the file asks for."""
        return self.size

    @property
    def pixels(self) -> int:
        """Return the pixels of one page."""
        return self.width_px * self.height_px

    @property
    def memory_bytes(self) -> int:
        """Estimate the memory for rendering, without the worker's own, rather too high."""
        return _ANY_PHOTO_BYTES + min(_ROWS_IN_MEMORY, self.height_px) * self.row_bytes + self.decode_bytes


@contextmanager
def cut_off_is_truncated() -> Iterator[None]:
    """Raise `truncated-image` for reads past the end; parsers check no lengths.

    Raises:
        PermanentError: `truncated-image`.
    """
    try:
        yield
    except (struct.error, IndexError, OverflowError):
        raise PermanentError(FailureCode.TRUNCATED_IMAGE, "the file ends inside its header") from None


def find_last(data: Data, part: bytes, start: int = 0) -> int:
    """Return the last position of `part` from `start` on, or -1; searches from the end, where it mostly is."""
    end = len(data)
    while end > start:
        begin = max(start, end - _SEARCHED_BYTES)
        found = bytes(data[begin : end + len(part) - 1]).rfind(part)
        if found >= 0:
            return begin + found
        end = begin
    return -1
