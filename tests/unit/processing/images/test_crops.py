from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from processing.images.pixels import Picture
from processing.images.vips import pyvips
from processing.renditions import parse_renditions
from processing.settings import RenderSettings
from tests.support import photos
from tests.support.image_comparison import corners, similarity
from tests.support.rendering import LIMITS, opened, render


def settings(text: str) -> RenderSettings:
    return RenderSettings(parse_renditions(text), LIMITS)


def shapes(folder: Path, photo: bytes, text: str) -> dict[str, tuple[int, int]]:
    """Render a photo; return the size of each rendition as its file has it."""
    rendered = render(folder, photo, settings(text)).files[:-1]
    stored = {file.name: opened(folder / file.name).size for file in rendered}
    assert stored == {file.name: (file.width_px, file.height_px) for file in rendered}
    return stored


def with_face(column: float, row: float, size: tuple[int, int]) -> bytes:
    """Draw a face-coloured disc on a dull background, at a position in fractions of the size."""
    image = Image.new("RGB", size, (110, 115, 118))
    x, y, radius = size[0] * column, size[1] * row, min(size) / 5
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=(225, 160, 130))
    return photos.png(image=image)


def warm_share(picture: Image.Image) -> float:
    """Return the share of the picture that the disc takes."""
    pixels = np.asarray(picture.convert("RGB"), dtype=int)
    return float((pixels[:, :, 0] - pixels[:, :, 2] > 40).mean())


@pytest.mark.parametrize("style", ["jpeg", "webp", "avif"])
def test_a_crop_has_exactly_its_shape(tmp_path: Path, style: str) -> None:
    name = f"tile.{'jpg' if style == 'jpeg' else style}"
    assert shapes(tmp_path, photos.jpeg((800, 600)), f"tile:200x300:80:{style}:cover") == {name: (200, 300)}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_crop_has_its_shape_whichever_way_the_camera_was_held(tmp_path: Path, orientation: int) -> None:
    found = shapes(
        tmp_path, photos.oriented_jpeg(orientation, (600, 450)), "tile:300x100:80:jpeg:cover,wide:400x150:80"
    )
    assert found == {"tile.jpg": (300, 100), "wide.jpg": (200, 150)}
    assert corners(opened(tmp_path / "wide.jpg")) == ("red", "green", "blue", "yellow")


@pytest.mark.parametrize(("column", "row"), [(0.15, 0.5), (0.5, 0.5), (0.85, 0.5)])
def test_a_crop_keeps_what_people_look_at(tmp_path: Path, column: float, row: float) -> None:
    render(tmp_path, with_face(column, row, (1200, 300)), settings("tile:150x150:90:jpeg:cover"))
    disc = np.pi * (150 / 5) ** 2 / 150**2
    assert warm_share(opened(tmp_path / "tile.jpg")) == pytest.approx(disc, rel=0.1)


def test_a_crop_of_a_photo_that_is_too_small_keeps_its_proportions_and_is_not_enlarged(tmp_path: Path) -> None:
    assert shapes(tmp_path, photos.jpeg((300, 500)), "tile:400x400:80:jpeg:cover") == {"tile.jpg": (300, 300)}
    assert shapes(tmp_path, photos.jpeg((100, 80)), "tile:400x200:80:jpeg:cover") == {"tile.jpg": (100, 50)}


def test_a_crop_of_a_photo_in_its_own_shape_is_the_whole_photo(tmp_path: Path) -> None:
    render(tmp_path, photos.jpeg((800, 600)), settings("a:400x300:80:jpeg:cover,b:400x300:80"))
    assert (tmp_path / "a.jpg").read_bytes() == (tmp_path / "b.jpg").read_bytes()


def test_a_crop_that_needs_more_pixels_than_the_largest_rendition_has_them(tmp_path: Path) -> None:
    """A panorama in a box of 400 is 40 pixels high; its tile needs 200, from the photo."""
    panorama = photos.jpeg((4000, 400))
    found = shapes(tmp_path, panorama, "large:400:90,tile:200x200:90:jpeg:cover")
    assert found == {"large.jpg": (400, 40), "tile.jpg": (200, 200)}
    sharp = Image.open(BytesIO(panorama)).resize((2000, 200), Image.Resampling.LANCZOS)
    tile = opened(tmp_path / "tile.jpg")
    row, wanted = (np.asarray(image.convert("L"), dtype=int)[100] for image in (tile, sharp))
    left = min(range(1801), key=lambda start: int(abs(wanted[start : start + 200] - row).sum()))
    assert similarity(tile, sharp.crop((left, 0, left + 200, 200))) > 0.9


def test_renditions_beside_a_crop_stay_as_they_are_without_it(tmp_path: Path) -> None:
    alone = "large:400:80,medium:200:80,small:100:80"
    render(tmp_path, photos.jpeg((1600, 1200)), settings(alone))
    before = {name: (tmp_path / name).read_bytes() for name in ("large.jpg", "medium.jpg", "small.jpg", "document.pdf")}
    render(tmp_path, photos.jpeg((1600, 1200)), settings(f"{alone},tile:150x150:80:webp:cover,large:400:80:webp"))
    assert before == {name: (tmp_path / name).read_bytes() for name in before}


def test_with_crops_alone_the_pdf_shows_the_whole_photo(tmp_path: Path) -> None:
    rendered = render(tmp_path, photos.jpeg((800, 600)), settings("tile:200x200:80:jpeg:cover"))
    assert (rendered.files[-1].width_px, rendered.files[-1].height_px) == (200, 150)


def test_a_picture_is_decoded_once_for_all_formats_and_shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[tuple[int, int]] = []
    of = Picture.of

    def noted(image: pyvips.Image) -> Picture:
        sizes.append((image.width, image.height))
        return of(image)

    monkeypatch.setattr(Picture, "of", noted)
    text = "large:400:80,large:400:80:webp,small:100:80,tile:90x90:80:webp:cover,tile:90x90:80:jpeg:cover"
    render(tmp_path, photos.jpeg((1600, 1200)), settings(text))
    # The photo, then the tile from the smallest picture that is large enough: first resized, then cropped, once. The
    # placeholder comes last.
    assert sizes == [(400, 300), (120, 90), (90, 90), (100, 75), (32, 24)]
