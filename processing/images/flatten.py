"""Flattens transparency on white and drops all other bands that are not colours."""

from processing.images.vips import pyvips

# The number of colour bands by libvips' interpretation; the others that get this far have three.
_COLOURS = {"b-w": 1, "grey16": 1, "cmyk": 4}
# The opaque and, for colours of light, the white value, by libvips' band format.
_FULL = {"ushort": 65535, "float": 1.0}


def flatten_on_white(image: pyvips.Image, *, has_alpha: bool) -> pyvips.Image:
    """Flatten on white; return images without further bands unchanged.

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
