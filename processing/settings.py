"""Render settings: renditions and limits, parsed and checked."""

import re
from dataclasses import dataclass

from processing.output_formats import JPEG, RENDITION_FORMATS

# Part of the fingerprint: raise it when the same settings make other outputs; stored outputs are then obsolete.
PIPELINE_VERSION = 3


# Far beyond what encoders make: noise in a JPEG of quality 100 has less than 2 bytes a pixel.
_BYTES_PER_PIXEL = 4
_OUTPUT_BYTES = 64 * 1024  # metadata, and what the smallest picture needs
_PDF_BYTES = 16 * 1024  # around the JPEG of the largest rendition


@dataclass(frozen=True)
class Rendition:
    """A size of the source: fits into a square box of `box_px` pixels, never enlarged.

    Attributes:
        name: the output is stored as `{source key}/{file_name}`.
        box_px: longest side in pixels, at most.
        quality: of the encoder, 1 to 100.
        format: a name in `RENDITION_FORMATS`.
    """

    name: str
    box_px: int
    quality: int
    format: str = JPEG

    @property
    def file_name(self) -> str:
        """Return the name with the suffix of its format: `large.jpg`."""
        return f"{self.name}{RENDITION_FORMATS[self.format].suffix}"

    @property
    def recipe(self) -> tuple[object, ...]:
        """Return the part of the fingerprint; without `jpeg`, because stored fingerprints stay valid."""
        return (self.name, self.box_px, self.quality, *(() if self.format == JPEG else (self.format,)))


@dataclass(frozen=True)
class Limits:
    """The upper bounds of a source object; each has its own failure code.

    Attributes:
        max_bytes: size of the file.
        max_pixels: width x height of one page.
        max_pages: pages of a TIFF, frames of an animation.
    """

    max_bytes: int
    max_pixels: int
    max_pages: int


@dataclass(frozen=True)
class RenderSettings:
    """The settings that decide the outputs of a source.

    Attributes:
        renditions: from the largest to the smallest; the PDF is made from the first.
        limits: larger sources are refused.
    """

    renditions: tuple[Rendition, ...]
    limits: Limits

    @property
    def output_limits(self) -> tuple[int, ...]:
        """Return the bytes that each output may have at most: the renditions', then the PDF's."""
        renditions = [_OUTPUT_BYTES + _BYTES_PER_PIXEL * rendition.box_px**2 for rendition in self.renditions]
        return (*renditions, max(renditions, default=_OUTPUT_BYTES) + _PDF_BYTES)

    @property
    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits that change with the renditions and the pipeline."""
        import hashlib  # here, because it loads OpenSSL: 3.5 MB and 4 ms that no worker needs

        recipe = f"{PIPELINE_VERSION}:{[rendition.recipe for rendition in self.renditions]}"
        return hashlib.sha256(recipe.encode()).hexdigest()[:16]


_RENDITION = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]{0,31}):(?P<box_px>[0-9]{1,5}):(?P<quality>[0-9]{1,3})")
MAX_BOX_PX = 16_383  # a larger decoded rendition alone exceeds the memory of a Lambda function


def parse_renditions(text: str) -> tuple[Rendition, ...]:
    """Parse `large:1200:80,medium:600:80,small:300:80`: name, box in pixels, quality, in any order.

    Returns:
        From the largest to the smallest.

    Raises:
        ValueError: one sentence naming every rendition that is wrong.
    """
    renditions, mistakes = [], []
    for item in (part.strip() for part in text.split(",")):
        try:
            renditions.append(_parse_rendition(item))
        except ValueError as error:
            mistakes.append(str(error))
    mistakes += _repeated([r.name for r in renditions])
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return tuple(sorted(renditions, key=lambda r: r.box_px, reverse=True))


def _parse_rendition(item: str) -> Rendition:
    match = _RENDITION.fullmatch(item)
    if not match:
        raise ValueError(f"{item!r} is not of the form name:box:quality, as in large:1200:80")
    rendition = Rendition(match["name"], int(match["box_px"]), int(match["quality"]))
    if not 1 <= rendition.box_px <= MAX_BOX_PX:
        raise ValueError(f"{item!r}: the box must be 1 to {MAX_BOX_PX} pixels")
    if not 1 <= rendition.quality <= 100:
        raise ValueError(f"{item!r}: the quality must be 1 to 100")
    return rendition


def _repeated(names: list[str]) -> list[str]:
    return [f"the name {name!r} is used twice" for name in sorted({n for n in names if names.count(n) > 1})]
