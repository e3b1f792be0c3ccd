"""Reads and applies the photo's orientation (libvips: autorot)."""

from processing.images.formats.input_format import Data, Header
from processing.images.formats.orientation_tags import UPRIGHT, exif_orientation, xmp_orientation
from processing.images.metadata import read_exif
from processing.images.pixels import Picture
from processing.images.vips import pyvips

_ORIENTATION, _XMP = "orientation", "xmp-data"
_SWAPS_SIDES = range(5, 9)  # 5 to 8 rotate by 90 degrees; Exif 3.0, tag 0x0112


def read_orientation(data: Data, header: Header, photo: pyvips.Image) -> int:
    """Return the orientation as EXIF numbers it: EXIF's, else that of XMP, else 1.

    Args:
        data: the file.
        header: its header.
        photo: the opened file. A HEIC's decoder has found its orientation, and an AVIF's has applied it.
    """
    if header.format.turns_itself:
        return int(photo.get(_ORIENTATION)) if photo.get_typeof(_ORIENTATION) else UPRIGHT
    block = data if header.format.is_tiff else read_exif(photo)
    packet = bytes(photo.get(_XMP)) if photo.get_typeof(_XMP) else b""
    return exif_orientation(block) or xmp_orientation(packet) or UPRIGHT


def swaps_sides(orientation: int) -> bool:
    """Return True if the orientation swaps width and height."""
    return orientation in _SWAPS_SIDES


def apply_orientation(picture: Picture, orientation: int) -> Picture:
    """Rotate and mirror the picture upright."""
    if orientation == UPRIGHT:  # most photos: skip the copy of their pixels that autorot makes
        return picture
    image = picture.image().copy()
    image.set_type(pyvips.GValue.gint_type, _ORIENTATION, orientation)
    return Picture.of(image.autorot())
