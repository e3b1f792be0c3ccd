"""Decodes the TIFFs that libvips cannot, with Pillow's libtiff: it has more codecs, and converts YCbCr."""

from PIL import Image

from processing.failures import FailureCode, PermanentError
from processing.images.formats.input_format import Data
from processing.images.formats.tiff import TiffHeader
from processing.images.formats.tiff_kinds import PillowModes
from processing.images.vips import pyvips

_FROM_MEMORY = 0  # in place of a file descriptor
_BANDS = {"L": (1, "b-w"), "RGB": (3, "srgb"), "RGBA": (4, "srgb"), "CMYK": (4, "cmyk")}
_TWELVE_BITS, _TO_SIXTEEN = "I;12", 16


def open_with_pillow(data: Data, header: TiffHeader, modes: PillowModes) -> pyvips.Image:
    """Decode the first page.

    Not by Pillow's module for TIFFs, which would take a tenth of a worker's start to import.

    Raises:
        PermanentError: `corrupt-image`.
    """
    try:
        image = Image.frombytes(
            modes.mode, header.size, bytes(data), "libtiff", modes.raw, _FROM_MEMORY, header.directory
        )
    except ValueError as error:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "libtiff cannot decode it") from error
    if modes.mode == "I;16":
        grey = pyvips.Image.new_from_memory(image.tobytes(), *image.size, 1, "ushort")
        deep = grey * _TO_SIXTEEN if modes.raw == _TWELVE_BITS else grey
        return deep.cast("ushort").copy(interpretation="grey16")
    if modes.mode == "LAB":
        pixels = image.tobytes()  # lightness without a sign, a and b with one
        lightness, signed = (pyvips.Image.new_from_memory(pixels, *image.size, 3, kind) for kind in ("uchar", "char"))
        joined = (lightness[0] * (100 / 255)).bandjoin(signed.extract_band(1, n=2))
        return joined.cast("float").copy(interpretation="lab")
    bands, interpretation = _BANDS[modes.mode]
    pixels = pyvips.Image.new_from_memory(image.tobytes(), *image.size, bands, "uchar")
    return pixels.copy(interpretation=interpretation)
