"""The photos that everyone is measured with: made once, kept below .build/bench/photos."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyvips
from PIL import Image

from scripts.bench.synthetic_photo import draw_scene

# Raise it when the photos change: older ones in the cache are then made again.
_VERSION = 1
_CAMERA = {"quality": 94, "subsampling": "4:2:0"}  # about 3 bits a pixel, as cameras and phones write


@dataclass(frozen=True, kw_only=True)
class Photo:
    """One source of the benchmark.

    Attributes:
        name: the name of its file.
        title: for people.
        width_px: of the picture.
        height_px: of the picture.
        write: makes the file from the picture.
        is_camera_jpeg: whether the targets in CPU time hold for it.
        has_reference: whether its colours are defined, so that its renditions can be compared with a reference.
    """

    name: str
    title: str
    width_px: int
    height_px: int
    write: Callable[[Image.Image, Path], None]
    is_camera_jpeg: bool = False
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
    picture.save(path, "JPEG", icc_profile=display_p3_profile(), **_CAMERA)


def display_p3_profile() -> bytes:
    """The Display P3 profile that comes with libvips."""
    return bytes(pyvips.Image.profile_load("p3"))


def _camera(megapixels: int, width_px: int, height_px: int) -> Photo:
    return Photo(
        name=f"{megapixels}mp.jpg",
        title=f"{megapixels} MP JPEG",
        width_px=width_px,
        height_px=height_px,
        write=_write_camera_jpeg,
        is_camera_jpeg=True,
    )


def _twelve(name: str, title: str, write: Callable[[Image.Image, Path], None], *, has_reference: bool = True) -> Photo:
    return Photo(
        name=name,
        title=f"12 MP {title}",
        width_px=4032,
        height_px=3024,
        write=write,
        has_reference=has_reference,
    )


TWO_MP, TEN_MP, TWELVE_MP = _camera(2, 1632, 1224), _camera(10, 3872, 2592), _camera(12, 4032, 3024)
HUNDRED_MP = _camera(100, 11648, 8736)
PROGRESSIVE = _twelve("12mp-progressive.jpg", "progressive JPEG", _by_pillow("JPEG", progressive=True, **_CAMERA))
CAMERA_JPEGS = (TEN_MP, TWELVE_MP, _camera(24, 6000, 4000), _camera(50, 8640, 5760), HUNDRED_MP)
OTHER_FORMATS = (
    PROGRESSIVE,
    _twelve("12mp-cmyk.jpg", "CMYK JPEG", _write_cmyk_jpeg, has_reference=False),
    _twelve("12mp-p3.jpg", "Display P3 JPEG", _write_p3_jpeg),
    _twelve("12mp.png", "PNG", _by_pillow("PNG", compress_level=6)),
    _twelve("12mp.webp", "WebP", _by_pillow("WEBP", quality=90, method=4)),
    _twelve("12mp.tif", "TIFF, LZW", _by_pillow("TIFF", compression="tiff_lzw")),
)
HUNDRED_MP_PNG = Photo(
    name="100mp.png",
    title="100 MP PNG",
    width_px=11648,
    height_px=8736,
    write=_by_pillow("PNG", compress_level=1),
)
HUNDRED_MP_PROGRESSIVE = Photo(
    name="100mp-progressive.jpg",
    title="100 MP progressive JPEG",
    width_px=11648,
    height_px=8736,
    write=_by_pillow("JPEG", progressive=True, **_CAMERA),
)


def make_photos(photos: Sequence[Photo], folder: Path, on_make: Callable[[Photo], None]) -> dict[str, Path]:
    """Makes the photos that are not there yet.

    Args:
        photos: which ones.
        folder: where they are kept.
        on_make: hears of each one before it is made; large ones take a while.

    Returns:
        The file of each, by name.
    """
    folder = folder / f"v{_VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    scenes: dict[tuple[int, int], Image.Image] = {}
    for photo in photos:
        if (folder / photo.name).exists():
            continue
        on_make(photo)
        size = (photo.width_px, photo.height_px)
        if size not in scenes:
            scenes = {size: draw_scene(*size)}  # one at a time: the largest takes 300 MB
        _make(photo, scenes[size], folder)
    return {photo.name: folder / photo.name for photo in photos}


def _make(photo: Photo, scene: Image.Image, folder: Path) -> None:
    """Makes it beside its place and moves it there, so that an interrupted run leaves no half photo."""
    unfinished = folder / f"unfinished-{photo.name}"
    photo.write(scene, unfinished)
    unfinished.replace(folder / photo.name)
