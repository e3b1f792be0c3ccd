"""Lays transparency on white."""

from processing.vips import pyvips


def flatten_on_white(image: pyvips.Image) -> pyvips.Image:
    """Without an alpha channel, the image as it is."""
    if not image.hasalpha():
        return image
    return image.flatten(background=[_white(image)])


def _white(image: pyvips.Image) -> float:
    if image.interpretation == "cmyk":
        return 0
    return 65535 if image.format == "ushort" else 255
