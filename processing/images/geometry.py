"""How large everything becomes: integer arithmetic, no images."""

from collections.abc import Sequence

from processing.settings import Rendition

# What must be left to resize after the decoder has shrunk: below that, its coarse averaging shows (0.8 dB at 1.0).
_FACTOR_LEFT = (3, 2)
_SHRINKS = (8, 4, 2)  # what libjpeg can do while decoding, at almost no cost

Size = tuple[int, int]


def fit(size: Size, box_px: int) -> Size:
    """The largest size of the same shape that fits into a square box; never larger than the source, never 0.

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
    """The size of each rendition, each from the source's own shape, so that rounding never adds up along the chain."""
    return tuple(fit(size, rendition.box_px) for rendition in renditions)


def choose_shrink(size: Size, box_px: int) -> int:
    """By how much the decoder may shrink (1, 2, 4 or 8) so that a factor of at least 1.5 remains to be resized."""
    longest, shortest = max(size), min(size)
    numerator, denominator = _FACTOR_LEFT
    for shrink in _SHRINKS:
        if longest * denominator >= box_px * shrink * numerator and shortest >= shrink:
            return shrink
    return 1
