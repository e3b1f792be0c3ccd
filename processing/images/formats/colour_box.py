"""The colour space of a HEIF: its box colr. Facts from ISO/IEC 14496-12 and ITU-T H.273."""

from collections.abc import Iterable
from dataclasses import dataclass
from struct import unpack_from

from processing.images.formats.heif_items import Property, Span
from processing.images.formats.input_format import Data

DISPLAY_P3 = "p3"  # libvips' name of its own profile
_COLOUR = b"colr"
_PROFILES, _CODE_POINTS = (b"prof", b"rICC"), b"nclx"
# BT.709, whose primaries are sRGB's; unspecified; the two of standard television, which differ little.
_LIKE_SRGB = (1, 2, 5, 6)
_P3 = (11, 12)
# Curves near enough to sRGB's: BT.709, unspecified, BT.601, sRGB, BT.2020.
_USUAL_CURVES = (1, 2, 6, 13, 14, 15)
_HDR_CURVES = {16: "PQ", 18: "HLG"}


@dataclass(frozen=True)
class Colour:
    """The colour space of a picture.

    Attributes:
        icc: where its ICC profile is, if any.
        code_points: where the contents of its box nclx are, if any; they also say how YCbCr becomes RGB.
        primaries: of H.273; 2 is unspecified.
        curve: the transfer characteristics of H.273.
    """

    icc: Span | None = None
    code_points: Span | None = None
    primaries: int = 2
    curve: int = 2

    @property
    def profile(self) -> str:
        """Return libvips' name of the profile that the code points mean; empty for sRGB or an ICC profile."""
        return DISPLAY_P3 if self.primaries in _P3 and not self.icc else ""

    @property
    def rarity(self) -> str:
        """Return why the picture cannot become sRGB by a profile; empty if it can."""
        if self.curve in _HDR_CURVES:
            return f"a picture with the brightness of HDR ({_HDR_CURVES[self.curve]}), which a JPEG cannot hold"
        if not self.icc and (self.curve not in _USUAL_CURVES or self.primaries not in (*_LIKE_SRGB, *_P3)):
            return f"a picture in a rare colour space: primaries {self.primaries}, transfer {self.curve} of H.273"
        return ""


def read_colour(data: Data, properties: Iterable[Property]) -> Colour:
    """Read the first ICC profile and the first code points."""
    icc, code_points = None, None
    for box in properties:
        kind = bytes(data[box.start : box.start + 4]) if box.name == _COLOUR else b""
        if kind in _PROFILES:
            icc = icc or (box.start + 4, box.end)
        if kind == _CODE_POINTS:
            code_points = code_points or (box.start, box.end)
    if code_points is None:
        return Colour(icc)
    return Colour(icc, code_points, *unpack_from(">HH", data, code_points[0] + 4))
