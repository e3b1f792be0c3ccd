"""Leaves nothing but colours: transparency goes on white, all other bands go away."""

from processing.images.vips import pyvips

# Bands that are colours, by libvips' interpretation; the others that get this far have three.
_COLOURS = {"b-w": 1, "grey16": 1, "cmyk": 4}
# What is opaque and, where colours are made of light, white: by libvips' format of a band.
_FULL = {"ushort": 65535, "float": 1.0}


def flatten_on_white(image: pyvips.Image, *, has_alpha: bool) -> pyvips.Image:
    """Without more bands than colours, the image as it is.

    A TIFF may have any number of further bands: masks, selections, spot colours (TIFF 6.0, ExtraSamples).

    Args:
        image: the decoded photo.
        has_alpha: whether the first of the further bands is transparency.
    """
    colours = _COLOURS.get(image.interpretation, 3)
    if image.bands <= colours:
        return image
    if not has_alpha:
        return image.extract_band(0, n=colours)
    full = _FULL.get(image.format, 255)
    white = 0 if image.interpretation == "cmyk" else full
    return image.extract_band(0, n=colours + 1).flatten(background=[white], max_alpha=full)
