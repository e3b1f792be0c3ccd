"""Turns the photo upright."""

from processing.vips import pyvips

_ORIENTATION, _UPRIGHT = "orientation", 1


def turn_upright(image: pyvips.Image) -> pyvips.Image:
    """Applies the EXIF or TIFF orientation; AVIF's own rotation was applied by its decoder.

    Args:
        image: small: if it has to be turned it is computed as a whole, because turning reads it in another order.
    """
    # Most photos stand upright already; asked to turn them all the same, libvips makes a pass over their pixels.
    if image.get_typeof(_ORIENTATION) == 0 or image.get(_ORIENTATION) == _UPRIGHT:
        return image
    return image.copy_memory().autorot()
