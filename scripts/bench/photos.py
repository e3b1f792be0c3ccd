"""The photos of the benchmark, made once and kept below .build/bench/photos."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyvips
from PIL import Image

from scripts.bench.measurements import say
from scripts.bench.synthetic_photo import draw_photo
from scripts.cli.repository import REPOSITORY

# Raise the version when the photos change, so that older ones in the cache are not used.
PHOTOS = REPOSITORY / ".build/bench/photos/v1"
_SIZES_PX = {
    2: (1632, 1224),
    10: (3872, 2592),
    12: (4032, 3024),
    24: (6000, 4000),
    50: (8640, 5760),
    100: (11648, 8736),
}
_CAMERA = {"quality": 94, "subsampling": "4:2:0"}  # about 3 bits a pixel, as cameras and phones write


@dataclass(frozen=True, kw_only=True)
class BenchPhoto:
    """One source of the benchmark.

    Attributes:
        name: the name of its file.
        title: in tables and the chart.
        size_px: width and height.
        write: writes the pixels to a file.
        has_reference: whether its colours are defined, so that its renditions can be compared with a reference.
    """

    name: str
    title: str
    size_px: tuple[int, int]
    write: Callable[[Image.Image, Path], None]
    has_reference: bool = True


def _by_pillow(image_format: str, **options: Any) -> Callable[[Image.Image, Path], None]:
    return lambda picture, path: picture.save(path, image_format, **options)


def _write_camera_jpeg(picture: Image.Image, path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x013B], exif[0x8298] = "Camera", "Ann Artist", "Ann Artist, all rights reserved"
    picture.save(path, "JPEG", exif=exif, **_CAMERA)


def _write_cmyk_jpeg(picture: Image.Image, path: Path) -> None:
    picture.convert("CMYK").save(path, "JPEG", **_CAMERA)


def _write_p3_jpeg(picture: Image.Image, path: Path) -> None:
    profile = bytes(pyvips.Image.profile_load("p3"))  # Display P3, which comes with libvips
    picture.save(path, "JPEG", icc_profile=profile, **_CAMERA)


def _photo(
    megapixels: int,
    kind: str = "JPEG",
    suffix: str = ".jpg",
    write: Callable[[Image.Image, Path], None] = _write_camera_jpeg,
    **options: Any,
) -> BenchPhoto:
    name, title = f"{megapixels}mp{suffix}", f"{megapixels} MP {kind}"
    return BenchPhoto(name=name, title=title, size_px=_SIZES_PX[megapixels], write=write, **options)


_write_progressive_jpeg = _by_pillow("JPEG", progressive=True, **_CAMERA)

TWO_MP, TEN_MP, TWELVE_MP, TWENTY_FOUR_MP, FIFTY_MP, HUNDRED_MP = map(_photo, _SIZES_PX)
CAMERA_JPEGS = (TEN_MP, TWELVE_MP, TWENTY_FOUR_MP, FIFTY_MP, HUNDRED_MP)
OTHER_FORMATS = (
    _photo(12, "progressive JPEG", "-progressive.jpg", _write_progressive_jpeg),
    _photo(12, "CMYK JPEG", "-cmyk.jpg", _write_cmyk_jpeg, has_reference=False),
    _photo(12, "Display P3 JPEG", "-p3.jpg", _write_p3_jpeg),
    _photo(12, "PNG", ".png", _by_pillow("PNG", compress_level=6)),
    _photo(12, "WebP", ".webp", _by_pillow("WEBP", quality=90, method=4)),
    _photo(12, "TIFF, LZW", ".tif", _by_pillow("TIFF", compression="tiff_lzw")),
)
HUNDRED_MP_PNG = _photo(100, "PNG", ".png", _by_pillow("PNG", compress_level=1))
HUNDRED_MP_PROGRESSIVE = _photo(100, "progressive JPEG", "-progressive.jpg", _write_progressive_jpeg)


def make_photos(photos: Sequence[BenchPhoto]) -> list[tuple[BenchPhoto, Path]]:
    """Make the missing photos; return all of them with their files."""
    PHOTOS.mkdir(parents=True, exist_ok=True)
    pixels: dict[tuple[int, int], Image.Image] = {}
    for photo in photos:
        if not (PHOTOS / photo.name).exists():
            say(f"making a photo: {photo.title}")
            if photo.size_px not in pixels:
                pixels = {photo.size_px: draw_photo(*photo.size_px)}  # only one: the largest takes 300 MB
            unfinished = PHOTOS / f"unfinished-{photo.name}"  # an interrupted run leaves no incomplete photo
            photo.write(pixels[photo.size_px], unfinished)
            unfinished.replace(PHOTOS / photo.name)
    return [(photo, PHOTOS / photo.name) for photo in photos]
