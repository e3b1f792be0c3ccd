"""The header of a TIFF: its first image file directory. Facts from TIFF 6.0, BigTIFF and the DNG specification."""

from collections.abc import Sequence
from dataclasses import dataclass

from processing.failures import FailureCode, PermanentError
from processing.images.formats.camera_raw import jpeg_in_tiff, read_preview
from processing.images.formats.input_format import Data, Header, InputFormat
from processing.images.formats.tiff_directory import Directory, DirectoryReader
from processing.images.formats.tiff_kinds import (
    BITS,
    CHANNELS,
    COMPRESSION,
    EXTRA_SAMPLES,
    TILE_WIDTH,
    PillowModes,
    choose_decoder,
)

_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_NEW_SUBFILE_TYPE, _WIDTH, _HEIGHT = 254, 256, 257
_STRIP_OFFSETS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES = 273, 279, 324, 325
_ROWS_PER_STRIP, _TILE_HEIGHT, _DNG_VERSION, _MAKE = 278, 323, 50706, 271
_REDUCED_RESOLUTION, _MASK, _OLD_JPEG = 1, 4, 6
_UNSPECIFIED, _TRANSPARENCY = 0, 1  # of the extra samples; writers that leave the field out mean transparency
_PILLOW_BYTES_PER_PIXEL = 8  # measured: its image, and the copy for libvips


@dataclass(frozen=True, kw_only=True)
class TiffHeader(Header):
    """The header of a TIFF.

    Attributes:
        pillow: how Pillow decodes it; None where libvips does.
        directory: where the directory of its page starts.
    """

    pillow: PillowModes | None
    directory: int


def _detect(data: Data) -> bool:
    return data[:4] in _MAGICS


def _read_header(data: Data) -> Header:
    reader = DirectoryReader(data)
    starts = list(reader.starts())
    if not starts:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "a TIFF without an image in it")
    first = reader.read(starts[0])
    if _is_camera_raw(data, first):
        return read_preview(data, reader)
    return _page_header(data, first, starts, page=0)


def _read_pages(data: Data) -> list[Header]:
    reader = DirectoryReader(data)
    starts = list(reader.starts())
    directories = [reader.read(start) for start in starts]
    return [
        _page_header(data, directory, starts, page=page)
        for page, directory in enumerate(directories)
        if page and not directory.number(_NEW_SUBFILE_TYPE, 0) & (_REDUCED_RESOLUTION | _MASK)
    ]


def _page_header(data: Data, directory: Directory, starts: Sequence[int], *, page: int) -> Header:
    if directory.number(COMPRESSION, 1) == _OLD_JPEG and (jpeg := jpeg_in_tiff(data, directory)):
        return jpeg
    pillow = choose_decoder(directory)
    if pillow:
        _refuse_cut_off(data, directory)
    width, height = directory.number(_WIDTH, 0), directory.number(_HEIGHT, 0)
    row_bytes = width * max(4, directory.number(BITS, 1) * directory.number(CHANNELS, 1) // 8)
    # libtiff decodes one strip or one row of tiles at a time; some writers make one strip of the whole image.
    rows = directory.number(_TILE_HEIGHT if TILE_WIDTH in directory.fields else _ROWS_PER_STRIP, height)
    by_pillow = width * height * _PILLOW_BYTES_PER_PIXEL + len(data) if pillow else 0
    return TiffHeader(
        format=TIFF,
        width_px=width,
        height_px=height,
        pages=len(starts),
        page=page,
        row_bytes=row_bytes,
        has_alpha=directory.number(EXTRA_SAMPLES, _TRANSPARENCY) != _UNSPECIFIED,
        # The file itself: libvips reports no progress between the few rows of a wide image's rendition, and only then
        # are pages dropped that were read.
        decode_bytes=row_bytes * min(height, rows) + len(data) + by_pillow,
        pillow=pillow,
        directory=starts[page],
    )


def _is_camera_raw(data: Data, first: Directory) -> bool:
    # DNG, NEF, ARW and CR2 are TIFFs whose first directory is a thumbnail: rendering that would look like success.
    if _DNG_VERSION in first.fields or data[8:10] == b"CR":
        return True
    return bool(first.number(_NEW_SUBFILE_TYPE, 0) & _REDUCED_RESOLUTION) or (
        first.number(COMPRESSION, 1) == _OLD_JPEG and first.text(_MAKE).upper().startswith(b"SONY")
    )


def _refuse_cut_off(data: Data, first: Directory) -> None:
    # Pillow says only that it cannot decode.
    for starts, sizes in ((_STRIP_OFFSETS, _STRIP_BYTES), (_TILE_OFFSETS, _TILE_BYTES)):
        for start, size in zip(first.numbers(starts), first.numbers(sizes), strict=False):
            if start + size > len(data):
                raise PermanentError(FailureCode.TRUNCATED_IMAGE, "the file ends before its pixels do")


TIFF = InputFormat(
    name="tiff",
    detect=_detect,
    read_header=_read_header,
    loader="tiffload_source",
    options={"unlimited": True},  # lifts libtiff's limit of 50 MB a strip; Darkroom limits pixels and memory instead
    read_pages=_read_pages,
    is_tiff=True,
)
