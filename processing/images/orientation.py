"""Applies the photo's EXIF orientation (libvips: autorot)."""

from processing.images.pixels import Picture
from processing.images.vips import pyvips

UPRIGHT = 1
_ORIENTATION = "orientation"
_SWAPS_SIDES = range(5, 9)  # 5 to 8 rotate by 90 degrees; Exif 3.0, tag 0x0112


def read_orientation(photo: pyvips.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 without one.

    AVIF's own rotation was already applied by its decoder.
    """
    return int(photo.get(_ORIENTATION)) if photo.get_typeof(_ORIENTATION) else UPRIGHT


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
