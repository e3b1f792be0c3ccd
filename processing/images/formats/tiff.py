"""TIFF's image file directories: the header of a TIFF, and also the inside of every EXIF block.

Facts from Adobe's TIFF 6.0, its BigTIFF extension, and the DNG specification.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack_from

from processing.failures import FailureCode, PermanentError
from processing.images.formats.image_header import MAX_PARTS, Data, Header, ImageFormat

MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_NEW_SUBFILE_TYPE, _WIDTH, _HEIGHT, _BITS, _CHANNELS = 254, 256, 257, 258, 277
_ROWS_PER_STRIP, _TILE_WIDTH, _TILE_HEIGHT, _DNG_VERSION = 278, 322, 323, 50706
_COMPRESSION, _PHOTOMETRIC, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 259, 262, 338, 339
_REDUCED_RESOLUTION = 1
_UNSPECIFIED, _TRANSPARENCY = 0, 1  # of the extra samples; writers that leave the field out mean transparency
_COLOURS = (0, 1, 2, 3, 5)  # white is zero, black is zero, RGB, palette, CMYK
_RGB, _YCBCR, _JPEG = 2, 6, 7
_FLOAT, _RARE_NUMBERS = 3, {2: "signed", 5: "complex", 6: "complex"}  # by sample format
_MAX_INTEGER_BITS = 16
_MAX_CHANNELS = 500  # hyperspectral cameras have some 250
_LETTERS = {1: "B", 2: "s", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}  # struct's letter by field type
_BYTES = {"B": 1, "s": 1, "H": 2, "I": 4, "Q": 8}


@dataclass(frozen=True)
class Layout:
    """How numbers are written: byte order, and 4- or 8-byte offsets (BigTIFF)."""

    order: str
    is_big: bool

    @property
    def count_letter(self) -> str:
        return "Q" if self.is_big else "H"

    @property
    def offset_letter(self) -> str:
        return "Q" if self.is_big else "I"

    @property
    def entry_bytes(self) -> int:
        return 20 if self.is_big else 12


@dataclass(frozen=True)
class Field:
    """Where the values of one directory entry are."""

    letter: str
    count: int
    position: int


Directory = dict[int, Field]


def read_header(data: Data) -> Header:
    """Reads the first directory and counts the others.

    Raises:
        PermanentError: `unsupported-format` for camera raw files and rare pixels, `corrupt-image`, `truncated-image`.
        struct.error: the file ends inside its header.
    """
    layout = read_layout(data)
    starts = list(directory_starts(data, layout))
    if not starts:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "a TIFF without an image in it")
    first = read_directory(data, layout, starts[0])
    _refuse_camera_raw(data, layout, first)
    _refuse_rare_colours(data, layout, first)
    _refuse_rare_numbers(data, layout, first)
    _refuse_absurd_channels(data, layout, first)
    width, height = (number(data, layout, first, tag, 0) for tag in (_WIDTH, _HEIGHT))
    row_bytes = width * max(4, _bits_per_pixel(data, layout, first) // 8)
    return Header(
        format=ImageFormat.TIFF,
        width_px=width,
        height_px=height,
        pages=len(starts),
        row_bytes=row_bytes,
        has_alpha=number(data, layout, first, _EXTRA_SAMPLES, _TRANSPARENCY) != _UNSPECIFIED,
        # One strip or one row of tiles is decoded at a time, and some writers make one strip of the whole image.
        decode_bytes=row_bytes * min(height, _rows_at_a_time(data, layout, first, height)),
    )


def read_layout(data: Data) -> Layout:
    """Byte order and offset size, from the first four bytes."""
    order = "<" if data[:2] == b"II" else ">"
    return Layout(order, is_big=unpack_from(order + "H", data, 2)[0] == 43)


def directory_starts(data: Data, layout: Layout) -> Iterator[int]:
    """Where the directories of the chain begin; it is ended by a zero, a loop, or by being far too long."""
    link = 8 if layout.is_big else 4
    seen: set[int] = set()
    while len(seen) < MAX_PARTS:
        start = unpack_from(layout.order + layout.offset_letter, data, link)[0]
        if start == 0 or start in seen:
            return
        seen.add(start)
        yield start
        link = start + _BYTES[layout.count_letter] + _entries(data, layout, start) * layout.entry_bytes


def read_directory(data: Data, layout: Layout, start: int) -> Directory:
    """Finds where the fields of a directory have their values; fields of rare types are left out."""
    position = start + _BYTES[layout.count_letter]
    directory: Directory = {}
    for _ in range(min(_entries(data, layout, start), MAX_PARTS)):
        tag, kind, values = unpack_from(layout.order + "HH" + layout.offset_letter, data, position)
        letter = _LETTERS.get(kind)
        if letter is not None:
            directory[tag] = _locate(data, layout, letter, values, position + 4 + _BYTES[layout.offset_letter])
        position += layout.entry_bytes
    return directory


def number(data: Data, layout: Layout, directory: Directory, tag: int, default: int) -> int:
    """The first value of an integer field."""
    field = directory.get(tag)
    if field is None or field.letter == "s" or not field.count:
        return default
    return int(unpack_from(layout.order + field.letter, data, field.position)[0])


def text(data: Data, directory: Directory, tag: int) -> bytes:
    """The bytes of an ASCII field (in practice of any encoding), without the closing NULs; empty if absent."""
    field = directory.get(tag)
    if field is None or field.letter != "s":
        return b""
    return bytes(data[field.position : field.position + field.count]).rstrip(b"\0")


def _entries(data: Data, layout: Layout, start: int) -> int:
    return int(unpack_from(layout.order + layout.count_letter, data, start)[0])


def _locate(data: Data, layout: Layout, letter: str, count: int, position: int) -> Field:
    if count * _BYTES[letter] > _BYTES[layout.offset_letter]:
        position = unpack_from(layout.order + layout.offset_letter, data, position)[0]
    return Field(letter, count, position)


def _refuse_camera_raw(data: Data, layout: Layout, first: Directory) -> None:
    # DNG, NEF, ARW and CR2 are TIFFs whose first directory is a thumbnail: rendering that would look like success.
    if _DNG_VERSION in first or data[8:10] == b"CR":
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, "a camera raw file")
    if number(data, layout, first, _NEW_SUBFILE_TYPE, 0) & _REDUCED_RESOLUTION:
        detail = "its first page is only a thumbnail, as in camera raw files"
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, detail)


def _refuse_rare_colours(data: Data, layout: Layout, first: Directory) -> None:
    colours = number(data, layout, first, _PHOTOMETRIC, 1)
    # libvips shows YCbCr as if it were RGB, unless it is inside of a JPEG.
    is_jpeg = number(data, layout, first, _COMPRESSION, 1) == _JPEG
    if colours not in _COLOURS and not (colours == _YCBCR and is_jpeg):
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, "a TIFF in a rare colour space")


def _refuse_absurd_channels(data: Data, layout: Layout, first: Directory) -> None:
    channels = number(data, layout, first, _CHANNELS, 1)
    if not 1 <= channels <= _MAX_CHANNELS:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, f"a TIFF of {channels:,} channels")


def _refuse_rare_numbers(data: Data, layout: Layout, first: Directory) -> None:
    # libvips decodes them all, but which of these numbers is white is not defined, and what it guesses is wrong.
    kind, bits = (number(data, layout, first, tag, 1) for tag in (_SAMPLE_FORMAT, _BITS))
    if kind in _RARE_NUMBERS:
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, f"a TIFF of {_RARE_NUMBERS[kind]} numbers")
    if kind == _FLOAT and number(data, layout, first, _PHOTOMETRIC, 1) != _RGB:
        detail = "a TIFF of floating-point numbers, whose range is defined for RGB alone"
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, detail)
    if kind != _FLOAT and bits > _MAX_INTEGER_BITS:
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, f"a TIFF of {bits}-bit integers")


def _bits_per_pixel(data: Data, layout: Layout, first: Directory) -> int:
    return number(data, layout, first, _BITS, 1) * number(data, layout, first, _CHANNELS, 1)


def _rows_at_a_time(data: Data, layout: Layout, first: Directory, height: int) -> int:
    return number(data, layout, first, _TILE_HEIGHT if _TILE_WIDTH in first else _ROWS_PER_STRIP, height)
