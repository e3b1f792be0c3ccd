"""What the images should become and how large a source may be: frozen values, parsed and checked in one place."""

import hashlib
from dataclasses import dataclass

# Part of the fingerprint: raise it when the same settings give other pixels or another PDF; old outputs are then stale.
PIPELINE_VERSION = 1


@dataclass(frozen=True)
class Rendition:
    """One size of the source: fits into a square box of `box_px` pixels, never enlarged.

    Attributes:
        name: the output is stored as `{source key}/{name}.jpg`.
        box_px: longest side in pixels, at most.
        quality: JPEG quality, 1 to 100.
    """

    name: str
    box_px: int
    quality: int


@dataclass(frozen=True)
class Limits:
    """How large a source object may be; each limit has a failure code of its own.

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
    """All that decides what comes out for a given source.

    Attributes:
        renditions: from the largest to the smallest; the PDF is made from the first.
        limits: what is refused.
    """

    renditions: tuple[Rendition, ...]
    limits: Limits

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change when the outputs would."""
        recipe = f"{PIPELINE_VERSION}:{[(r.name, r.box_px, r.quality) for r in self.renditions]}"
        return hashlib.sha256(recipe.encode()).hexdigest()[:16]
