"""The previews of camera raw files that are TIFFs: DNG, CR2, NEF, ARW. Facts from TIFF 6.0, TIFF/EP and DNG 1.7."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from struct import error

from processing.failures import FailureCode, PermanentError
from processing.images.formats.input_format import Data, Header
from processing.images.formats.jpeg import JPEG
from processing.images.formats.tiff_directory import Directory, DirectoryReader

_WIDTH, _HEIGHT, _NEW_SUBFILE_TYPE = 256, 257, 254
_STRIP_OFFSETS, _STRIP_BYTES = 273, 279
_JPEG_OFFSET, _JPEG_BYTES = 513, 514
_SUB_DIRECTORIES, _MAX_DIRECTORIES = 330, 64
_START_OF_JPEG = b"\xff\xd8\xff"

RAW = replace(JPEG, name="raw", is_tiff=True)
"""Orientation and rights are those of the raw file; its preview mostly has none."""


@dataclass(frozen=True, kw_only=True)
class PreviewHeader(Header):
    """The header of a JPEG inside a file.

    Attributes:
        start: where it starts.
        end: where it ends.
        full_size: width and height of the picture that it is a preview of, as far as the file says.
    """

    start: int
    end: int
    full_size: tuple[int, int]


def read_preview(data: Data, reader: DirectoryReader) -> Header:
    """Find the largest JPEG in a camera raw file.

    Raises:
        PermanentError: `unsupported-format` if there is none.
    """
    directories = list(_directories(reader))
    sizes = [(directory.number(_WIDTH, 0), directory.number(_HEIGHT, 0)) for directory in directories]
    full_size = max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))
    previews = [found for directory in directories for found in _jpegs(data, directory, full_size)]
    if not previews:
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, "a camera raw file without a preview in JPEG")
    return max(previews, key=lambda header: header.pixels)


def jpeg_in_tiff(data: Data, first: Directory) -> Header | None:
    """Return the header of the whole JPEG that some old TIFFs contain, if it has the page's size."""
    size = (first.number(_WIDTH, 0), first.number(_HEIGHT, 0))
    return next((header for header in _jpegs(data, first, size) if header.size == size), None)


def _directories(reader: DirectoryReader) -> Iterator[Directory]:
    """Yield the directories and their sub-directories, without those that are broken."""
    waiting = list(reader.starts())[:_MAX_DIRECTORIES]
    seen: set[int] = set()
    while waiting and len(seen) < _MAX_DIRECTORIES:
        start = waiting.pop(0)
        if start in seen:
            continue
        seen.add(start)
        try:
            directory = reader.read(start)
            waiting += directory.numbers(_SUB_DIRECTORIES)[:_MAX_DIRECTORIES]
        except (error, IndexError, OverflowError):
            continue
        yield directory


def _jpegs(data: Data, directory: Directory, full_size: tuple[int, int]) -> Iterator[PreviewHeader]:
    for offset_tag, bytes_tag in ((_JPEG_OFFSET, _JPEG_BYTES), (_STRIP_OFFSETS, _STRIP_BYTES)):
        try:
            starts, sizes = directory.numbers(offset_tag), directory.numbers(bytes_tag)
            if len(starts) == len(sizes) == 1:
                yield _read_jpeg(data, starts[0], starts[0] + sizes[0], full_size)
        except (PermanentError, error, IndexError, OverflowError):
            continue  # none, or one that is cut off, lossless or of 12 bits: sensor data


def _read_jpeg(data: Data, start: int, end: int, full_size: tuple[int, int]) -> PreviewHeader:
    if end > len(data) or data[start : start + 3] != _START_OF_JPEG:
        raise IndexError(start)
    header = JPEG.read_header(data[start:end])
    return PreviewHeader(
        format=RAW,
        width_px=header.width_px,
        height_px=header.height_px,
        row_bytes=header.row_bytes,
        decode_bytes=header.decode_bytes + len(data),
        start=start,
        end=end,
        full_size=full_size,
    )
