"""Computes the size of every rendition in integer arithmetic, without images."""

from collections.abc import Sequence

from processing.settings import Rendition

# The least factor to resize by after shrink-on-load: below it, the decoder's coarse averaging shows (0.8 dB at 1.0).
_FACTOR_LEFT = (3, 2)
_SHRINKS = (8, 4, 2)  # shrink-on-load factors of libjpeg, at almost no cost

Size = tuple[int, int]


def fit(size: Size, box_px: int) -> Size:
    """Return the largest size of the same shape that fits into a square box.

    Never larger than the source, and never 0.

    Args:
        size: width and height of the source in pixels.
        box_px: side of the box in pixels.
    """
    longest = max(size)
    if longest <= box_px:
        return size
    width, height = (max(1, (2 * side * box_px + longest) // (2 * longest)) for side in size)
    return width, height


def plan_sizes(size: Size, renditions: Sequence[Rendition]) -> tuple[Size, ...]:
    """Return the size of each rendition, computed from the source so that rounding never adds up."""
    return tuple(fit(size, rendition.box_px) for rendition in renditions)


def choose_shrink(size: Size, box_px: int) -> int:
    """Return the largest shrink-on-load factor (1, 2, 4, 8) that leaves a factor of 1.5."""
    longest, shortest = max(size), min(size)
    numerator, denominator = _FACTOR_LEFT
    for shrink in _SHRINKS:
        if longest * denominator >= box_px * shrink * numerator and shortest >= shrink:
            return shrink
    return 1
