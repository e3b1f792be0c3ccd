"""Renditions: the sizes, formats and shapes that a photo comes out in, parsed from text and checked."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from processing.output_formats import JPEG, RENDITION_FORMATS

INSIDE, COVER = "inside", "cover"
FITS = (INSIDE, COVER)
MAX_BOX_PX = 16_383  # WebP's limit; a larger decoded rendition alone exceeds the memory of a Lambda function
MAX_RENDITIONS = 20  # their sizes must fit into S3's 2 KB of user metadata

_FORM = "it must be name:size:quality[:format[:fit]], as in large:1200:80 or tile:400x300:75:webp:cover"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_SIZE = re.compile(r"([0-9]{1,5})(?:x([0-9]{1,5}))?")
_QUALITY = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True)
class Rendition:
    """A size and format of the source, never enlarged.

    Attributes:
        name: the output is stored as `{source key}/{file_name}`.
        box_px: width of the box; of a square box also its height.
        quality: of the encoder, 1 to 100.
        format: a name in `RENDITION_FORMATS`.
        fit: `inside`: the whole photo fits into the box; `cover`: the photo is cropped to the box's shape.
        height_px: of a box that is not a square, else 0.
    """

    name: str
    box_px: int
    quality: int
    format: str = JPEG
    fit: str = INSIDE
    height_px: int = 0

    @property
    def box(self) -> tuple[int, int]:
        """Return width and height of the box."""
        return (self.box_px, self.height_px or self.box_px)

    @property
    def pixels(self) -> int:
        """Return the most pixels that the rendition can have."""
        width, height = self.box
        return width * height

    @property
    def file_name(self) -> str:
        """Return the name with the suffix of its format: `large.jpg`."""
        return f"{self.name}{RENDITION_FORMATS[self.format].suffix}"

    @property
    def recipe(self) -> tuple[object, ...]:
        """Return the part of the fingerprint; without defaults, because stored fingerprints stay valid."""
        shape = () if (self.fit, self.height_px) == (INSIDE, 0) else (self.fit, self.height_px)
        return (self.name, self.box_px, self.quality, *(() if self.format == JPEG else (self.format,)), *shape)


def parse_renditions(text: str) -> tuple[Rendition, ...]:
    """Parse `large:1200:80,tile:400x300:75:webp:cover`: name, size, quality, format and fit, in any order.

    Returns:
        From the largest box to the smallest.

    Raises:
        ValueError: one sentence naming every mistake.
    """
    renditions: list[Rendition] = []
    mistakes: list[str] = []
    for item in (part.strip() for part in text.split(",")):
        found = [f"{item!r}: {mistake}" for mistake in _mistakes(item.split(":"))]
        mistakes += found
        if not found:
            renditions.append(_rendition(item.split(":")))
    mistakes += _conflicts(renditions)
    if len(renditions) > MAX_RENDITIONS:
        mistakes.append(f"{len(renditions)} renditions: at most {MAX_RENDITIONS} are possible")
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return tuple(sorted(renditions, key=lambda rendition: rendition.pixels, reverse=True))


def _mistakes(fields: Sequence[str]) -> Iterator[str]:
    if not 3 <= len(fields) <= 5:
        yield _FORM
        return
    name, size, quality = fields[:3]
    sides = _sides(size)
    if not _NAME.fullmatch(name):
        yield "the name must have 1 to 32 lower-case letters, digits and hyphens, and not begin with a hyphen"
    if not sides or not all(1 <= side <= MAX_BOX_PX for side in sides):
        yield f"the size must be 1 to {MAX_BOX_PX} pixels, as 1200 or 400x300"
    if not _QUALITY.fullmatch(quality) or not 1 <= int(quality) <= 100:
        yield "the quality must be 1 to 100"
    if len(fields) > 3 and fields[3] not in RENDITION_FORMATS:
        yield f"the format must be one of {', '.join(RENDITION_FORMATS)}"
    if len(fields) > 4 and fields[4] not in FITS:
        yield f"the fit must be one of {', '.join(FITS)}"


def _rendition(fields: Sequence[str]) -> Rendition:
    name, size, quality = fields[:3]
    width, height = _sides(size)
    style = dict(zip(("format", "fit"), fields[3:], strict=False))
    return Rendition(name, width, int(quality), height_px=0 if height == width else height, **style)


def _sides(size: str) -> tuple[int, ...]:
    match = _SIZE.fullmatch(size)
    return (int(match[1]), int(match[2] or match[1])) if match else ()


def _conflicts(renditions: Sequence[Rendition]) -> Iterator[str]:
    files = [(rendition.name, rendition.format) for rendition in renditions]
    for name, file_format in sorted({file for file in files if files.count(file) > 1}):
        yield f"the name {name!r} is used twice for {file_format}"
    shapes = {(rendition.name, rendition.box, rendition.fit) for rendition in renditions}
    several = {name for name, *_ in shapes if sum(shape[0] == name for shape in shapes) > 1}
    for name in sorted(several - {name for name, file_format in files if files.count((name, file_format)) > 1}):
        yield f"the name {name!r} is used for two sizes: only formats of the same size may share a name"
