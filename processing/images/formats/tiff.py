"""The header of a TIFF: its first image file directory. Facts from TIFF 6.0, BigTIFF and the DNG specification."""

from processing.failures import FailureCode, PermanentError
from processing.images.formats.input_format import Data, Header, InputFormat
from processing.images.formats.tiff_directory import Directory, DirectoryReader

_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

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


def _detect(data: Data) -> bool:
    return data[:4] in _MAGICS


def _read_header(data: Data) -> Header:
    reader = DirectoryReader(data)
    starts = list(reader.starts())
    if not starts:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "a TIFF without an image in it")
    first = reader.read(starts[0])
    _refuse_camera_raw(data, first)
    _refuse_rare_colours(first)
    _refuse_rare_numbers(first)
    _refuse_absurd_channels(first)
    width, height = first.number(_WIDTH, 0), first.number(_HEIGHT, 0)
    row_bytes = width * max(4, first.number(_BITS, 1) * first.number(_CHANNELS, 1) // 8)
    # libtiff decodes one strip or one row of tiles at a time; some writers make one strip of the whole image.
    rows = first.number(_TILE_HEIGHT if _TILE_WIDTH in first.fields else _ROWS_PER_STRIP, height)
    return Header(
        format=TIFF,
        width_px=width,
        height_px=height,
        pages=len(starts),
        row_bytes=row_bytes,
        has_alpha=first.number(_EXTRA_SAMPLES, _TRANSPARENCY) != _UNSPECIFIED,
        # The file itself: libvips reports no progress between the few rows of a wide image's rendition, and only then
        # are pages dropped that were read.
        decode_bytes=row_bytes * min(height, rows) + len(data),
    )


def _refuse_camera_raw(data: Data, first: Directory) -> None:
    # DNG, NEF, ARW and CR2 are TIFFs whose first directory is a thumbnail: rendering that would look like success.
    if _DNG_VERSION in first.fields or data[8:10] == b"CR":
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, "a camera raw file")
    if first.number(_NEW_SUBFILE_TYPE, 0) & _REDUCED_RESOLUTION:
        detail = "its first page is only a thumbnail, as in camera raw files"
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, detail)


def _refuse_rare_colours(first: Directory) -> None:
    colours = first.number(_PHOTOMETRIC, 1)
    # libvips reads YCbCr as if it were RGB, unless it is compressed as JPEG.
    is_jpeg = first.number(_COMPRESSION, 1) == _JPEG
    if colours not in _COLOURS and not (colours == _YCBCR and is_jpeg):
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, "a TIFF in a rare colour space")


def _refuse_rare_numbers(first: Directory) -> None:
    # libvips decodes them all, but these formats do not define which number is white, and its guess is wrong.
    kind, bits = first.number(_SAMPLE_FORMAT, 1), first.number(_BITS, 1)
    if kind in _RARE_NUMBERS:
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, f"a TIFF of {_RARE_NUMBERS[kind]} numbers")
    if kind == _FLOAT and first.number(_PHOTOMETRIC, 1) != _RGB:
        detail = "a TIFF of floating-point numbers, whose range is defined for RGB alone"
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, detail)
    if kind != _FLOAT and bits > _MAX_INTEGER_BITS:
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, f"a TIFF of {bits}-bit integers")


def _refuse_absurd_channels(first: Directory) -> None:
    channels = first.number(_CHANNELS, 1)
    if not 1 <= channels <= _MAX_CHANNELS:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, f"a TIFF of {channels:,} channels")


TIFF = InputFormat(
    name="tiff",
    detect=_detect,
    read_header=_read_header,
    loader="tiffload_source",
    options={"unlimited": True},  # lifts libtiff's limit of 50 MB a strip; Darkroom limits pixels and memory instead
    is_tiff=True,
)
