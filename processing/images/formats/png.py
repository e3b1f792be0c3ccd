"""The header of a PNG: its IHDR chunk, which must come first. Facts from the W3C PNG specification."""

from struct import unpack_from

from processing.failures import FailureCode, PermanentError
from processing.images.formats.input_format import Data, Header, InputFormat, find_last

_MAGIC = b"\x89PNG\r\n\x1a\n"

# By colour type, as decoded: grey, RGB, palette, grey with alpha, RGB with alpha; a transparent colour adds alpha.
_CHANNELS = {0: 2, 2: 4, 3: 4, 4: 2, 6: 4}

# Apple's chunk before IHDR: the pixels are blue first and deflated without a zlib header, which no PNG decoder reads.
_APPLE_CHUNK = b"CgBI"


def _detect(data: Data) -> bool:
    return data[: len(_MAGIC)] == _MAGIC


def _read_header(data: Data) -> Header:
    name, width, height, bits, colour_type, _, _, interlaced = unpack_from(">4sIIBBBBB", data, len(_MAGIC) + 4)
    if name == _APPLE_CHUNK:
        raise PermanentError(
            FailureCode.UNSUPPORTED_FORMAT, "a PNG in Apple's own variant, as apps for iPhones hold them"
        )
    if name != b"IHDR" or colour_type not in _CHANNELS:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "a PNG without a valid IHDR chunk")
    row_bytes = width * _CHANNELS[colour_type] * max(1, bits // 8)
    return Header(
        format=PNG,
        width_px=width,
        height_px=height,
        row_bytes=row_bytes,
        decode_bytes=height * row_bytes if interlaced else 0,  # libpng decodes the seven passes into a whole bitmap
    )


def _has_end(data: Data) -> bool:
    return find_last(data, b"IEND") >= 0


PNG = InputFormat(name="png", detect=_detect, read_header=_read_header, loader="pngload_source", has_end=_has_end)
