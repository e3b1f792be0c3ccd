"""Turns the photo upright."""

from processing.images.pixels import Picture
from processing.images.vips import pyvips

UPRIGHT = 1
_ORIENTATION = "orientation"
_ON_ITS_SIDE = range(5, 9)  # Exif 3.0, tag 0x0112


def read_orientation(photo: pyvips.Image) -> int:
    """What the EXIF block or the TIFF directory says, 1 to 8; AVIF's own rotation was applied by its decoder."""
    return int(photo.get(_ORIENTATION)) if photo.get_typeof(_ORIENTATION) else UPRIGHT


def lies_on_its_side(orientation: int) -> bool:
    """Whether width and height change places."""
    return orientation in _ON_ITS_SIDE


def turn_upright(picture: Picture, orientation: int) -> Picture:
    """Applies an orientation."""
    # Most photos stand upright already; asked to turn them all the same, libvips makes a pass over their pixels.
    if orientation == UPRIGHT:
        return picture
    image = picture.image().copy()
    image.set_type(pyvips.GValue.gint_type, _ORIENTATION, orientation)
    return Picture.of(image.autorot())
