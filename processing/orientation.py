"""Turns the photo upright."""

from processing.vips import pyvips


def turn_upright(image: pyvips.Image) -> pyvips.Image:
    """Applies the EXIF or TIFF orientation; AVIF's own rotation was applied by its decoder.

    Args:
        image: in memory, because turning reads it in another order.
    """
    return image.autorot()
