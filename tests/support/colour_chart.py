"""A chart of flat colours, and its distance from a reference in CIE Delta E 2000."""

from itertools import product

import numpy as np
import numpy.typing as npt
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

Colours = npt.NDArray[np.float64]
PATCH_PX, COLUMNS = 40, 8
# Red, green and blue from 0 to 1. None is outside of sRGB when it is read as Display P3, so that no gamut clips it.
PATCHES: Colours = np.array(list(product((0.25, 0.45, 0.7, 0.9), repeat=3)))
# From linear Display P3 to linear sRGB, both of white D65; from the chromaticities of SMPTE EG 432-1 and IEC 61966-2-1.
_P3_TO_SRGB = np.array(
    [[1.22494, -0.22494, 0.0], [-0.04206, 1.04206, 0.0], [-0.01964, -0.07864, 1.09828]],
)


def chart(patches: Colours = PATCHES) -> Image.Image:
    """Draw the patches in rows."""
    rows = np.rint(patches * 255).astype(np.uint8).reshape(-1, COLUMNS, 3)
    return Image.fromarray(rows.repeat(PATCH_PX, axis=0).repeat(PATCH_PX, axis=1))


def as_srgb(p3: Colours, *, gamma: float | None = None) -> Colours:
    """Return the sRGB numbers of colours given as Display P3, by the definition of both.

    Args:
        p3: the colours.
        gamma: of the profile's curve; sRGB's curve without one.
    """
    linear = p3**gamma if gamma else np.where(p3 <= 0.04045, p3 / 12.92, ((p3 + 0.055) / 1.055) ** 2.4)
    light = np.clip(linear @ _P3_TO_SRGB.T, 0, 1)
    srgb: Colours = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return srgb


def worst_delta_e(picture: Image.Image, expected: Colours) -> float:
    """Return the largest Delta E of a patch's middle from its expected colour."""
    pixels = np.asarray(picture.convert("RGB"), dtype=np.float64) / 255
    columns, rows = COLUMNS, len(expected) // COLUMNS
    step_x, step_y = picture.width / columns, picture.height / rows
    means = [
        pixels[
            int((row + 0.3) * step_y) : int((row + 0.7) * step_y),
            int((column + 0.3) * step_x) : int((column + 0.7) * step_x),
        ].mean(axis=(0, 1))
        for row in range(rows)
        for column in range(columns)
    ]
    distances = deltaE_ciede2000(  # type: ignore[no-untyped-call]
        rgb2lab(np.array(means)[None]),
        rgb2lab(expected[None]),
    )
    return float(distances.max())
