"""Render settings: renditions and limits."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from processing.output_formats import AVIF, JPEG
from processing.renditions import INSIDE, Rendition, parse_renditions
from processing.response_headers import parse_cache_control

# Part of the fingerprint: raise it when the same settings make other outputs; stored outputs are then obsolete.
PIPELINE_VERSION = 3


# Far beyond what encoders make: noise in a JPEG of quality 100 has less than 2 bytes a pixel.
_BYTES_PER_PIXEL = 4
_OUTPUT_BYTES = 64 * 1024  # metadata, and what the smallest picture needs
_PDF_BYTES = 32 * 1024  # around the JPEG of the largest rendition, with title and rights
# Of a PDF with many pages: what the function keeps in memory at most, where no worker can reach it.
MAX_PDF_BYTES = 32 * 1024 * 1024
_PDF_QUALITY = 80  # of a PDF without a JPEG rendition: other formats' qualities are on other scales

# docs/formats.md has the measurement: effort 4 takes four times the time of effort 3, for files that are 5 % smaller.
DEFAULT_AVIF_EFFORT = 3
# By effort, for the most detailed of the measured pictures.
_AVIF_SECONDS_PER_MEGAPIXEL = (0.06, 0.2, 0.3, 0.6, 2.1, 2.9, 6.0, 8.2, 9.5, 20.0)


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


_PAPER_MM = {"photo": (), "A4": (210.0, 297.0), "Letter": (215.9, 279.4)}
MAX_PDF_MARGIN_MM = 90


@dataclass(frozen=True)
class PdfPage:
    """The format of the PDF's pages.

    Attributes:
        paper: `photo`: in the shape of the photo, at 150 dpi; `A4` or `Letter`: turned as the photo is, which fills it.
        margin_mm: around the photo on paper.
    """

    paper: str = "photo"
    margin_mm: int = 10

    @property
    def millimetres(self) -> tuple[float, ...]:
        """Return width and height of the upright paper; nothing for the shape of the photo."""
        return _PAPER_MM[self.paper]


@dataclass(frozen=True)
class RenderSettings:
    """The settings that decide the outputs of a source.

    Attributes:
        renditions: from the largest to the smallest; the PDF is made from the first that is not a crop.
        limits: larger sources are refused.
        avif_effort: of the AVIF encoder, 0 (fast) to 9 (small files).
        cache_control: the header of every output; empty for none.
        pdf_page: paper of the PDF, see `PdfPage`.
        pdf_margin: in millimetres, see `PdfPage`.
    """

    renditions: tuple[Rendition, ...]
    limits: Limits
    avif_effort: int = DEFAULT_AVIF_EFFORT
    cache_control: str = ""
    pdf_page: str = "photo"
    pdf_margin: int = 10

    @property
    def output_limits(self) -> tuple[int, ...]:
        """Return the bytes that each output may have at most: the renditions', then the PDF's."""
        renditions = [_OUTPUT_BYTES + _BYTES_PER_PIXEL * rendition.pixels for rendition in self.renditions]
        one_page = max(renditions, default=_OUTPUT_BYTES) + _PDF_BYTES
        return (*renditions, max(one_page, MAX_PDF_BYTES if self.limits.max_pages > 1 else 0))

    @property
    def page(self) -> PdfPage:
        """Return the format of the PDF's pages."""
        return PdfPage(self.pdf_page, self.pdf_margin)

    @property
    def document(self) -> Rendition:
        """Return the rendition that the PDF shows: the largest that is not a crop, as a JPEG."""
        wholes = [rendition for rendition in self.renditions if rendition.fit == INSIDE]
        shown = (wholes or self.renditions)[0]
        quality = shown.quality if shown.format == JPEG else _PDF_QUALITY
        return replace(shown, quality=quality, format=JPEG, fit=INSIDE)

    @property
    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits that change with the outputs' settings and the pipeline."""
        import hashlib  # here, because it loads OpenSSL: 3.5 MB and 4 ms that no worker needs

        recipe = ":".join((f"{PIPELINE_VERSION}", f"{[r.recipe for r in self.renditions]}", *self._further_recipes()))
        return hashlib.sha256(recipe.encode()).hexdigest()[:16]

    @property
    def has_avif(self) -> bool:
        """Return True if any rendition is an AVIF."""
        return any(rendition.format == AVIF for rendition in self.renditions)

    @property
    def avif_seconds(self) -> float:
        """Estimate the processor time of the AVIF renditions of one photo that is larger than all of them."""
        pixels = sum(rendition.pixels for rendition in self.renditions if rendition.format == AVIF)
        return _AVIF_SECONDS_PER_MEGAPIXEL[self.avif_effort] * pixels / 1_000_000

    def _further_recipes(self) -> Iterator[str]:
        """Yield settings that are not at their defaults: the defaults' fingerprint stays as it was before them."""
        if self.has_avif:
            yield f"avif effort {self.avif_effort}"
        if self.cache_control:
            yield f"cache control {self.cache_control}"
        if self.pdf_page != "photo":
            yield f"pdf page {self.pdf_page}, margin {self.pdf_margin}"


def parse_avif_effort(text: str) -> int:
    """Parse the effort of the AVIF encoder.

    Raises:
        ValueError: it is not a number from 0 to 9.
    """
    if not re.fullmatch("[0-9]", text):
        raise ValueError("it must be 0 (fast) to 9 (small files)")
    return int(text)


def parse_pdf_page(text: str) -> str:
    """Parse the paper of the PDF.

    Raises:
        ValueError: it is none that is known.
    """
    if text not in _PAPER_MM:
        raise ValueError(f"{text!r} is not one of {', '.join(_PAPER_MM)}")
    return text


def parse_pdf_margin(text: str) -> int:
    """Parse the margin of the PDF in millimetres.

    Raises:
        ValueError: it is not a number that leaves room on the paper.
    """
    if not re.fullmatch("[0-9]{1,2}", text) or int(text) > MAX_PDF_MARGIN_MM:
        raise ValueError(f"it must be 0 to {MAX_PDF_MARGIN_MM} millimetres")
    return int(text)


# The function's environment variables that decide its outputs: each is the field of `RenderSettings` in capitals.
OUTPUT_VARIABLES: Mapping[str, Callable[[str], Any]] = {
    "RENDITIONS": parse_renditions,
    "AVIF_EFFORT": parse_avif_effort,
    "CACHE_CONTROL": parse_cache_control,
    "PDF_PAGE": parse_pdf_page,
    "PDF_MARGIN": parse_pdf_margin,
}


def read_render_settings(variables: Mapping[str, str]) -> RenderSettings:
    """Parse the variables of a function that decide its outputs, without limits.

    Those that an earlier version did not have are at their defaults.

    Raises:
        ValueError: one of them cannot be parsed, or there are no renditions.
    """
    known = {"RENDITIONS": "", **{name: text for name, text in variables.items() if name in OUTPUT_VARIABLES}}
    fields = {name.lower(): OUTPUT_VARIABLES[name](text) for name, text in known.items()}
    return RenderSettings(limits=Limits(max_bytes=0, max_pixels=0, max_pages=0), **fields)
