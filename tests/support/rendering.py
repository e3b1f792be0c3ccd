"""Renders the photos of the tests and opens the outputs."""

from pathlib import Path

from PIL import Image

from processing.images.pipeline import render_photo
from processing.images.rendered import Rendered
from processing.settings import Limits, RenderSettings, Rendition

LIMITS = Limits(max_bytes=50_000_000, max_pixels=50_000_000, max_pages=100)
RENDITIONS = (Rendition("large", 400, 80), Rendition("medium", 200, 80), Rendition("small", 100, 80))
SETTINGS = RenderSettings(RENDITIONS, LIMITS)


def render(folder: Path, data: bytes, settings: RenderSettings = SETTINGS) -> Rendered:
    """Render a photo given as bytes into a folder.

    Raises:
        PermanentError, RetryableError: see `render_photo`.
    """
    source = folder / "source"
    source.write_bytes(data)
    return render_photo(source, folder, settings)


def render_largest(folder: Path, data: bytes) -> Image.Image:
    """Render a photo and open the largest rendition."""
    return opened(folder / render(folder, data).files[0].name)


def opened(path: Path) -> Image.Image:
    """Open a picture and load its pixels, so that no file stays open."""
    with Image.open(path) as image:
        image.load()
        return image
