"""The header of a PNG: its IHDR chunk, which must come first. Facts from the W3C PNG specification."""

from struct import unpack_from

from processing.failures import FailureCode, PermanentError
from processing.images.formats.image_header import Data, Header, ImageFormat

MAGIC = b"\x89PNG\r\n\x1a\n"

# By colour type, as decoded: grey, RGB, palette, grey with alpha, RGB with alpha; a transparent colour adds alpha.
_CHANNELS = {0: 2, 2: 4, 3: 4, 4: 2, 6: 4}

# Comes before IHDR and says that the pixels are blue first and deflated without a zlib header: PNG in name only.
_APPLES = b"CgBI"


def read_header(data: Data) -> Header:
    """Reads IHDR.

    Raises:
        PermanentError: `unsupported-format` for Apple's own, `corrupt-image`.
        struct.error: the file ends inside its header.
    """
    name, width, height, bits, colour_type, _, _, interlaced = unpack_from(">4sIIBBBBB", data, len(MAGIC) + 4)
    if name == _APPLES:
        raise PermanentError(
            FailureCode.UNSUPPORTED_FORMAT, "a PNG in Apple's own variant, as apps for iPhones hold them"
        )
    if name != b"IHDR" or colour_type not in _CHANNELS:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "a PNG without a valid IHDR chunk")
    row_bytes = width * _CHANNELS[colour_type] * max(1, bits // 8)
    return Header(
        format=ImageFormat.PNG,
        width_px=width,
        height_px=height,
        row_bytes=row_bytes,
        # The seven passes of an interlaced PNG are collected in a whole bitmap.
        decode_bytes=height * row_bytes if interlaced else 0,
    )


def has_end(data: Data) -> bool:
    """Whether the closing chunk is there, and so the file was not cut off."""
    return data.rfind(b"IEND") >= 0
