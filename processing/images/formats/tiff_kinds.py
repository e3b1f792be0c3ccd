"""Which TIFFs libvips decodes right, which only Pillow's libtiff does, and which are refused. Facts from TIFF 6.0."""

from dataclasses import dataclass

from processing.failures import FailureCode, PermanentError
from processing.images.formats.tiff_directory import Directory

BITS, COMPRESSION, PHOTOMETRIC, CHANNELS = 258, 259, 262, 277
PLANAR, TILE_WIDTH, EXTRA_SAMPLES, SAMPLE_FORMAT = 284, 322, 338, 339
_SEPARATE = 2
_FLOAT, _RARE_NUMBERS = 3, {2: "signed", 5: "complex", 6: "complex"}  # by sample format
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _LAB = 0, 1, 2, 3, 5, 6, 8
_RARE_COLOURS = {
    4: "as a transparency mask",
    9: "in ICC Lab",
    10: "in ITU Lab",
    32803: "as a camera's sensor data",
    32844: "in LogL",
    32845: "in LogLuv",
    34892: "as a camera's linear sensor data",
}
_JPEG, _OLD_JPEG = 7, 6
_ONLY_IN_PILLOW = {34925: "LZMA", 50000: "Zstandard"}
_RARE_COMPRESSIONS = {
    32809: "ThunderScan",
    34661: "JBIG",
    34676: "LogLuv",
    34677: "LogLuv",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "lossy JPEG",
    50001: "WebP",
    50002: "JPEG XL",
}
_MAX_INTEGER_BITS = 16
_MAX_CHANNELS = 500  # hyperspectral cameras have some 250
# Pillow's mode and that of its decoder, by photometric interpretation, channels and bits. A decoder's 16 bits come out
# as 8, but for grey.
_PILLOW_MODES = {
    (_RGB, 3, 8): ("RGB", "RGB"),
    (_RGB, 3, 16): ("RGB", "RGB;16N"),
    (_RGB, 4, 8): ("RGBA", "RGBA"),
    (_RGB, 4, 16): ("RGBA", "RGBA;16N"),
    (_CMYK, 4, 8): ("CMYK", "CMYK"),
    (_BLACK_IS_ZERO, 1, 8): ("L", "L"),
    (_BLACK_IS_ZERO, 1, 12): ("I;16", "I;12"),
    (_BLACK_IS_ZERO, 1, 16): ("I;16", "I;16N"),
    (_WHITE_IS_ZERO, 1, 8): ("L", "L;I"),
    (_YCBCR, 3, 8): ("RGB", "RGBX"),
    (_LAB, 3, 8): ("LAB", "LAB"),
}


@dataclass(frozen=True)
class PillowModes:
    """Pillow's settings for a TIFF.

    Attributes:
        mode: of the image.
        raw: of the decoder.
    """

    mode: str
    raw: str


def choose_decoder(first: Directory) -> PillowModes | None:
    """Return how Pillow decodes the first page; None where libvips decodes it right.

    Raises:
        PermanentError: `unsupported-format` where neither does, with what is unusual; `corrupt-image`.
    """
    _refuse_absurd_channels(first)
    _refuse_rare_colours(first)
    _refuse_rare_numbers(first)
    reason = _why_not_libvips(first)
    if not reason:
        return None
    kind = (first.number(PHOTOMETRIC, 1), first.number(CHANNELS, 1), first.number(BITS, 1))
    is_premultiplied = kind[1] == 4 and kind[0] == _RGB and first.number(EXTRA_SAMPLES, 2) != 2
    if kind not in _PILLOW_MODES or first.number(SAMPLE_FORMAT, 1) == _FLOAT or is_premultiplied:
        _, channels, bits = kind
        raise _unsupported(f"a TIFF {reason}, with {channels} channels of {bits} bits")
    return PillowModes(*_PILLOW_MODES[kind])


def _why_not_libvips(first: Directory) -> str:
    compression = first.number(COMPRESSION, 1)
    if compression in _ONLY_IN_PILLOW:
        return f"compressed by {_ONLY_IN_PILLOW[compression]}"
    if compression in _RARE_COMPRESSIONS:
        raise _unsupported(f"a TIFF compressed by {_RARE_COMPRESSIONS[compression]}")
    if compression == _OLD_JPEG:
        return "of the old kind of JPEG compression"
    # libvips reads YCbCr as if it were RGB, unless it is compressed as JPEG.
    if first.number(PHOTOMETRIC, 1) == _YCBCR and compression != _JPEG:
        return "in YCbCr"
    if first.number(PLANAR, 1) == _SEPARATE and TILE_WIDTH in first.fields:
        return "with a tile for each channel"
    if first.number(PHOTOMETRIC, 1) == _LAB and first.number(BITS, 1) == 8:
        return "in Lab"
    return "of 12 bits" if first.number(BITS, 1) == 12 else ""


def _refuse_rare_colours(first: Directory) -> None:
    colours = first.number(PHOTOMETRIC, 1)
    if colours in _RARE_COLOURS:
        raise _unsupported(f"a TIFF with its colours {_RARE_COLOURS[colours]}")
    if colours not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _LAB):
        raise _unsupported(f"a TIFF in the unknown colour space {colours}")
    if colours == _LAB and (first.number(BITS, 1), first.number(CHANNELS, 1)) not in ((8, 3), (16, 3)):
        raise _unsupported(f"a TIFF in Lab, with {first.number(CHANNELS, 1)} channels of {first.number(BITS, 1)} bits")


def _refuse_rare_numbers(first: Directory) -> None:
    # libvips decodes them all, but these formats do not define which number is white, and its guess is wrong.
    kind, bits = first.number(SAMPLE_FORMAT, 1), first.number(BITS, 1)
    if kind in _RARE_NUMBERS and first.number(PHOTOMETRIC, 1) != _LAB:
        raise _unsupported(f"a TIFF of {_RARE_NUMBERS[kind]} numbers")
    if kind == _FLOAT and first.number(PHOTOMETRIC, 1) != _RGB:
        raise _unsupported("a TIFF of floating-point numbers, whose range is defined for RGB alone")
    if kind != _FLOAT and bits > _MAX_INTEGER_BITS:
        raise _unsupported(f"a TIFF of {bits}-bit integers")


def _refuse_absurd_channels(first: Directory) -> None:
    channels = first.number(CHANNELS, 1)
    if not 1 <= channels <= _MAX_CHANNELS:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, f"a TIFF of {channels:,} channels")


def _unsupported(detail: str) -> PermanentError:
    return PermanentError(FailureCode.UNSUPPORTED_FORMAT, detail)
