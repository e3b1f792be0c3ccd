"""Resizes to an exact size."""

from processing.images.geometry import Size
from processing.images.vips import pyvips


def resize_to(image: pyvips.Image, size: Size) -> pyvips.Image:
    """Resizes by libvips' Lanczos kernel; where the size is right already, does nothing."""
    width, height = size
    if (image.width, image.height) == size:
        return image
    return image.resize(width / image.width, vscale=height / image.height)
