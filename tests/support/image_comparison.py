"""Compares pictures by structure (SSIM) and by colour, never by an encoder's bytes."""

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

from tests.support.photos import BLUE, GREEN, RED, YELLOW

Colour = tuple[int, ...]
WHITE = (255, 255, 255)
_NAMES = {RED: "red", GREEN: "green", BLUE: "blue", YELLOW: "yellow", WHITE: "white"}


def similarity(one: Image.Image, other: Image.Image) -> float:
    """Return the SSIM of the luminance of two pictures of one size; 1 is the same.

    Colour is left out, because any JPEG stores it more coarsely.
    """
    luminances = (np.asarray(image.convert("L")) for image in (one, other))
    value = structural_similarity(*luminances)  # type: ignore[no-untyped-call]
    return float(value)


def corners(image: Image.Image) -> tuple[str, str, str, str]:
    """Name the colours of the four quarters: top left, top right, bottom left, bottom right."""
    top_left, top_right, bottom_left, bottom_right = (
        _name(mean_colour(image, column, row)) for row in (0.25, 0.75) for column in (0.25, 0.75)
    )
    return top_left, top_right, bottom_left, bottom_right


def mean_colour(image: Image.Image, column: float, row: float) -> Colour:
    """Return the mean colour around a position in fractions of width and height."""
    x, y = round(image.width * column), round(image.height * row)
    reach_x, reach_y = max(1, image.width // 10), max(1, image.height // 10)
    area = np.asarray(image.convert("RGB"))[max(0, y - reach_y) : y + reach_y, max(0, x - reach_x) : x + reach_x]
    return tuple(int(channel) for channel in area.mean(axis=(0, 1)))


def _name(colour: Colour) -> str:
    distances = {name: sum((a - b) ** 2 for a, b in zip(known, colour, strict=True)) for known, name in _NAMES.items()}
    return min(distances, key=lambda name: distances[name])
