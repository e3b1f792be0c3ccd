from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from processing.images.encoders import ENCODERS, Tags
from processing.output_formats import RENDITION_FORMATS, OutputFormat, content_type
from processing.settings import RenderSettings, Rendition
from tests.support import photos
from tests.support.rendering import LIMITS, opened, render


def encode_png(image: Image.Image, file: Path | BytesIO, quality: int, tags: Tags) -> None:
    image.save(file, "PNG")


@pytest.fixture
def png_renditions(monkeypatch: pytest.MonkeyPatch) -> RenderSettings:
    """Register a second rendition format for one test."""
    monkeypatch.setitem(RENDITION_FORMATS, "png", OutputFormat(".png", "image/png"))
    monkeypatch.setitem(ENCODERS, "png", encode_png)
    return RenderSettings((Rendition("large", 400, 80, "png"), Rendition("small", 100, 80, "png")), LIMITS)


def test_every_rendition_format_has_an_encoder() -> None:
    assert ENCODERS.keys() == RENDITION_FORMATS.keys()


def test_every_output_has_its_content_type() -> None:
    assert content_type("large.jpg") == "image/jpeg"
    assert content_type("document.pdf") == "application/pdf"


def test_renditions_of_another_format_get_its_suffix_and_encoder(
    tmp_path: Path, png_renditions: RenderSettings
) -> None:
    files = render(tmp_path, photos.jpeg(), png_renditions).files
    assert [file.name for file in files] == ["large.png", "small.png", "document.pdf"]
    assert opened(tmp_path / "large.png").format == "PNG"


def test_the_pdf_gets_a_jpeg_of_its_own_when_the_renditions_are_not_jpegs(
    tmp_path: Path, png_renditions: RenderSettings
) -> None:
    render(tmp_path, photos.jpeg(), RenderSettings((Rendition("large", 400, 80),), LIMITS))
    jpeg = (tmp_path / "large.jpg").read_bytes()
    render(tmp_path, photos.jpeg(), png_renditions)
    assert jpeg in (tmp_path / "document.pdf").read_bytes()
    assert sorted(path.suffix for path in tmp_path.iterdir()) == ["", ".jpg", ".pdf", ".png", ".png"]


def test_the_fingerprint_covers_the_format(png_renditions: RenderSettings) -> None:
    jpegs = RenderSettings(tuple(Rendition(r.name, r.box_px, r.quality) for r in png_renditions.renditions), LIMITS)
    assert jpegs.fingerprint != png_renditions.fingerprint
