from io import BytesIO, FileIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from processing.images.encoders import ENCODERS, Encoding, write_rendition
from processing.images.pixels import Picture
from processing.output_formats import RENDITION_FORMATS, content_type
from processing.renditions import Rendition, parse_renditions
from processing.settings import RenderSettings
from tests.support import photos
from tests.support.image_comparison import corners, similarity
from tests.support.rendering import LIMITS, opened, render

ALL_FORMATS = RenderSettings(parse_renditions("large:400:80,large:400:80:webp,large:400:60:avif"), LIMITS)
MODERN = RenderSettings(parse_renditions("large:400:80:webp,small:100:60:avif"), LIMITS)
ARTIST, COPYRIGHT, GPS = 0x013B, 0x8298, 0x8825


def test_every_rendition_format_has_an_encoder() -> None:
    assert ENCODERS.keys() == RENDITION_FORMATS.keys()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("large.jpg", "image/jpeg"),
        ("large.webp", "image/webp"),
        ("large.avif", "image/avif"),
        ("document.pdf", "application/pdf"),
    ],
)
def test_every_output_has_its_content_type(name: str, expected: str) -> None:
    assert content_type(name) == expected


def test_a_rendition_is_in_its_format_under_its_suffix(tmp_path: Path) -> None:
    files = render(tmp_path, photos.jpeg(), ALL_FORMATS).files
    assert [file.name for file in files] == ["large.jpg", "large.webp", "large.avif", "document.pdf"]
    assert [opened(tmp_path / file.name).format for file in files[:3]] == ["JPEG", "WEBP", "AVIF"]
    assert [file.size_bytes for file in files] == [(tmp_path / file.name).stat().st_size for file in files]


@pytest.mark.parametrize("name", ["large.webp", "large.avif"])
def test_every_format_shows_the_same_picture(tmp_path: Path, name: str) -> None:
    render(tmp_path, photos.jpeg(), ALL_FORMATS)
    picture = opened(tmp_path / name).convert("RGB")
    assert corners(picture) == ("red", "green", "blue", "yellow")
    assert similarity(picture, opened(tmp_path / "large.jpg")) > 0.95


@pytest.mark.parametrize("style", ["webp", "avif"])
def test_the_quality_is_the_renditions_own(tmp_path: Path, style: str) -> None:
    settings = RenderSettings(parse_renditions(f"coarse:400:20:{style},fine:400:90:{style}"), LIMITS)
    coarse, fine, _ = render(tmp_path, photos.jpeg(), settings).files
    assert coarse.size_bytes < fine.size_bytes


def test_a_higher_effort_makes_smaller_avifs(tmp_path: Path) -> None:
    renditions = parse_renditions("large:400:60:avif")
    fast, slow = (
        render(tmp_path, photos.jpeg(), RenderSettings(renditions, LIMITS, effort)).files[0] for effort in (0, 5)
    )
    assert slow.size_bytes < fast.size_bytes


def test_the_same_photo_gives_the_same_bytes(tmp_path: Path) -> None:
    once, again = ([*_outputs(tmp_path, "")] for _ in range(2))
    assert once == again


def test_a_version_marks_every_output_so_that_its_bytes_are_its_own(tmp_path: Path) -> None:
    unmarked, marked, other = (_outputs(tmp_path, mark) for mark in ("", "darkroom 0123", "darkroom 4567"))
    for versions in zip(unmarked, marked, other, strict=True):
        assert len(set(versions)) == 3


@pytest.mark.parametrize("name", ["large.jpg", "large.webp", "large.avif"])
def test_artist_and_copyright_survive_in_every_format(tmp_path: Path, name: str) -> None:
    block = photos.exif(artist=b"Ansel", copyright_=b"(c) 1941", gps=True)
    render(tmp_path, photos.jpeg(exif=block), ALL_FORMATS, mark="darkroom 0123")
    kept = opened(tmp_path / name).getexif()
    assert (kept[ARTIST], kept[COPYRIGHT]) == ("Ansel", "(c) 1941")
    assert GPS not in kept


@pytest.mark.parametrize("name", ["large.webp", "large.avif"])
def test_a_rendition_without_rights_and_mark_has_no_metadata(tmp_path: Path, name: str) -> None:
    render(tmp_path, photos.jpeg(), ALL_FORMATS)
    info = opened(tmp_path / name).info
    assert not {"exif", "xmp", "icc_profile", "comment"} & {key for key, value in info.items() if value}


def test_the_pdf_holds_the_jpeg_of_its_size_wherever_it_stands_in_the_settings(tmp_path: Path) -> None:
    settings = RenderSettings(parse_renditions("wide:400:80:webp,tile:500x100:80:jpeg:cover,large:400:70"), LIMITS)
    render(tmp_path, photos.jpeg(), settings)
    assert (tmp_path / "large.jpg").read_bytes() in (tmp_path / "document.pdf").read_bytes()


def test_the_pdf_gets_a_jpeg_of_its_own_when_the_renditions_are_not_jpegs(tmp_path: Path) -> None:
    render(tmp_path, photos.jpeg(), MODERN)
    document = (tmp_path / "document.pdf").read_bytes()
    start = document.index(b"\xff\xd8\xff")
    picture = Image.open(BytesIO(document[start:]))
    assert (picture.format, picture.size) == ("JPEG", (400, 300))
    assert corners(picture) == ("red", "green", "blue", "yellow")


class Halting(FileIO):
    """A file whose writes end early, as on a disk that becomes full."""

    def write(self, data: Any, /) -> int:
        return super().write(memoryview(data)[:100])


@pytest.mark.parametrize("style", ["webp", "avif"])
def test_a_write_that_ends_early_loses_no_byte(tmp_path: Path, style: str) -> None:
    picture = Picture((64, 48), memoryview(bytes(64 * 48 * 3)))
    rendition = Rendition("large", 64, 80, style)
    with Halting(tmp_path / "early", "w+b") as early, FileIO(tmp_path / "once", "w+b") as once:
        write_rendition(picture, early, rendition, Encoding(80))
        write_rendition(picture, once, rendition, Encoding(80))
    assert (tmp_path / "early").read_bytes() == (tmp_path / "once").read_bytes()


def _outputs(folder: Path, mark: str) -> list[bytes]:
    files = render(folder, photos.jpeg(), ALL_FORMATS, mark=mark).files
    return [(folder / file.name).read_bytes() for file in files]
