"""Computes the size of every rendition in integer arithmetic, without images."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from processing.renditions import COVER, Rendition

# The least factor to resize by after shrink-on-load: below it, the decoder's coarse averaging shows (0.8 dB at 1.0).
_FACTOR_LEFT = (3, 2)
_SHRINKS = (8, 4, 2)  # shrink-on-load factors of libjpeg, at almost no cost

Size = tuple[int, int]


@dataclass(frozen=True)
class Placement:
    """A photo resized and cropped.

    Attributes:
        whole: the size to which the whole photo is resized.
        shape: the size of the part that is kept; the same unless it is cropped.
    """

    whole: Size
    shape: Size

    @property
    def is_crop(self) -> bool:
        return self.whole != self.shape


@dataclass(frozen=True)
class OutputPlan:
    """The placements of one photo's outputs.

    Attributes:
        renditions: one for each rendition, in the order of the settings.
        document: of the picture in the PDF, which is never a crop.
    """

    renditions: tuple[Placement, ...]
    document: Placement

    @cached_property
    def steps(self) -> tuple[Placement, ...]:
        """Return the different placements in the order of their resizing, from the largest."""
        different = dict.fromkeys((*self.renditions, self.document))
        return tuple(sorted(different, key=lambda placement: _area(placement.whole), reverse=True))

    @property
    def largest(self) -> Size:
        """Return the size to decode to, from which all outputs are made."""
        return self.steps[0].whole


def plan_outputs(size: Size, renditions: Sequence[Rendition]) -> OutputPlan:
    """Plan each output from the size of the upright source, so that rounding never accumulates."""
    first_whole = next((rendition for rendition in renditions if rendition.fit != COVER), renditions[0])
    document = fit(size, first_whole.box)
    return OutputPlan(tuple(_place(size, rendition) for rendition in renditions), Placement(document, document))


def fit(size: Size, box: Size) -> Size:
    """Return the largest size of this shape in a box.

    Never larger than the source, and never 0.

    Args:
        size: width and height of the source in pixels.
        box: width and height of the box in pixels.
    """
    return _scaled(size, *_smaller(_scales(size, box)))


def cover(size: Size, box: Size) -> Placement:
    """Return the smallest size that covers a box, and the box as the part that is kept.

    A source that is smaller than the box in one direction is not enlarged: it loses only what the box's shape has no
    room for.
    """
    (across, width), (down, height) = _scales(size, box)
    share, whole = (across, width) if across * height >= down * width else (down, height)
    if share > whole:
        return Placement(size, _scaled(box, *_smaller(_scales(box, size))))
    return Placement(_scaled(size, share, whole), box)


def choose_shrink(size: Size, longest_px: int) -> int:
    """Return the largest shrink-on-load factor that leaves 1.5 to resize."""
    longest, shortest = max(size), min(size)
    numerator, denominator = _FACTOR_LEFT
    for shrink in _SHRINKS:
        if longest * denominator >= longest_px * shrink * numerator and shortest >= shrink:
            return shrink
    return 1


def _place(size: Size, rendition: Rendition) -> Placement:
    if rendition.fit == COVER:
        return cover(size, rendition.box)
    whole = fit(size, rendition.box)
    return Placement(whole, whole)


def _scales(size: Size, box: Size) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the fractions that width and height are scaled by to have the box's."""
    return (box[0], size[0]), (box[1], size[1])


def _smaller(scales: tuple[tuple[int, int], tuple[int, int]]) -> tuple[int, int]:
    (across, width), (down, height) = scales
    return (across, width) if across * height <= down * width else (down, height)


def _scaled(size: Size, share: int, whole: int) -> Size:
    """Scale by a fraction, to the nearest pixel; by 1 at most."""
    if share >= whole:
        return size
    width, height = (max(1, (2 * side * share + whole) // (2 * whole)) for side in size)
    return width, height


def _area(size: Size) -> int:
    return size[0] * size[1]
