"""The photos of the benchmark, made once by libvips and kept below .build/bench/photos.

The speed of a codec depends on its input: flat colours or white noise would give wrong times. The photos are mosaics of
real photographs with fine texture and a sensor's noise, as many bits a pixel as a camera writes.
"""

import math
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import pillow_heif
import pyvips
import skimage.data
from PIL import Image

from scripts.bench.measurements import say
from scripts.cli.repository import REPOSITORY

# Raise the version when the photos change, so that older ones in the cache are not used.
PHOTOS = REPOSITORY / ".build/bench/photos/v2"
_SIZES_PX = {
    2: (1632, 1224),
    10: (3872, 2592),
    12: (4032, 3024),
    24: (6000, 4000),
    50: (8640, 5760),
    100: (11648, 8736),
}
# scikit-image ships them under free licences (public domain and CC0; the docstrings name each source).
_SAMPLES = ("astronaut", "coffee", "chelsea", "rocket", "hubble_deep_field", "retina")
_CELL_PX, _CELL_AT_WIDTH_PX = 1000, 4032  # one sample in a mosaic of 12 MP; larger mosaics have larger and more cells
_TEXTURE = {3: 26, 16: 36, 64: 50}  # brightness of Perlin noise, by its cell size in pixels
_READ_NOISE, _SHOT_NOISE = 1.2, 0.12  # a sensor at low sensitivity, as standard deviation and per root of brightness
_CAMERA = "Q=94,subsample_mode=on"


class BenchPhoto(NamedTuple):
    """A source of the benchmark: file name, title in tables, size, and libvips' options to save it."""

    name: str
    title: str
    megapixels: int
    options: str

    @property
    def is_cmyk(self) -> bool:
        """True if its colours have no defined meaning in RGB."""
        return "cmyk" in self.name

    @property
    def is_heic(self) -> bool:
        """True if its codec is HEVC, which is in neither sharp's nor libvips' own builds."""
        return self.name.endswith(".heic")

    def path(self) -> Path:
        """Return the file; make it first if it does not exist."""
        path = PHOTOS / self.name
        if not path.exists():
            say(f"making a photo: {self.title}")
            PHOTOS.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_name(f"unfinished-{self.name}")  # an interrupted run leaves no incomplete photo
            photo = draw_photo(*_SIZES_PX[self.megapixels])
            if self.is_heic:
                _save_heic(photo, unfinished)
            else:
                (photo.colourspace("cmyk") if self.is_cmyk else photo).write_to_file(f"{unfinished}[{self.options}]")
            unfinished.replace(path)
        return path


def _save_heic(photo: pyvips.Image, path: Path) -> None:
    """Save a HEIC as phones do: tiles of 512 x 512, about 2 bits a pixel."""
    pixels = Image.frombuffer("RGB", (photo.width, photo.height), photo.write_to_memory())
    pillow_heif.from_pillow(pixels).save(path, tile_size=512, quality=65, enc_params={"preset": "fast"})


def _photo(megapixels: int, kind: str = "JPEG", suffix: str = ".jpg", options: str = _CAMERA) -> BenchPhoto:
    return BenchPhoto(f"{megapixels}mp{suffix}", f"{megapixels} MP {kind}", megapixels, options)


TWO_MP, TEN_MP, TWELVE_MP, TWENTY_FOUR_MP, FIFTY_MP, HUNDRED_MP = map(_photo, _SIZES_PX)
CAMERA_JPEGS = (TEN_MP, TWELVE_MP, TWENTY_FOUR_MP, FIFTY_MP, HUNDRED_MP)
HEIC = _photo(12, "HEIC, in tiles", ".heic", "")
OTHER_FORMATS = (
    _photo(12, "progressive JPEG", "-progressive.jpg", f"{_CAMERA},interlace"),
    _photo(12, "CMYK JPEG", "-cmyk.jpg", "Q=80"),
    _photo(12, "Display P3 JPEG", "-p3.jpg", f"{_CAMERA},profile=p3"),
    _photo(12, "PNG", ".png", "compression=6"),
    _photo(12, "WebP", ".webp", "Q=90"),
    _photo(12, "TIFF, LZW", ".tif", "compression=lzw"),
    _photo(12, "AVIF", ".avif", "Q=70,effort=2"),
    HEIC,
)
HUNDRED_MP_PNG = _photo(100, "PNG", ".png", "compression=1")
LARGE_PHOTOS = (HUNDRED_MP, HUNDRED_MP_PNG, _photo(100, "progressive JPEG", "-progressive.jpg", f"{_CAMERA},interlace"))


def draw_photo(width: int, height: int) -> pyvips.Image:
    """Draw an RGB photo; the pixels depend on the size only."""
    mosaic = _draw_mosaic(width, height)
    brightness = mosaic.bandmean()
    texture = sum(pyvips.Image.perlin(width, height, cell_size=px, seed=px) * by for px, by in _TEXTURE.items())
    noise = pyvips.Image.gaussnoise(width, height, mean=0, sigma=1, seed=12)
    # Dark areas show no texture.
    lit = mosaic + texture * (brightness / 255) ** 0.5 + noise * (brightness**0.5 * _SHOT_NOISE + _READ_NOISE)
    return lit.cast("uchar").copy(interpretation="srgb")


def _draw_mosaic(width: int, height: int) -> pyvips.Image:
    """Draw the samples side by side, every other one mirrored."""
    cell_px = _CELL_PX * (width / _CELL_AT_WIDTH_PX) ** 0.5
    columns, rows = max(1, round(width / cell_px)), max(1, round(height / cell_px))
    size_px = math.ceil(width / columns), math.ceil(height / rows)
    samples = []
    for number, name in enumerate(_SAMPLES):
        sample = pyvips.Image.new_from_array(getattr(skimage.data, name)())
        cell = sample.thumbnail_image(size_px[0], height=size_px[1], size="force").copy_memory()
        samples.append(cell.fliphor() if number % 2 else cell)
    # One sample more in each row, so that columns differ.
    cells = [cell for row in range(rows) for cell in islice(cycle(samples), 2 * row, 2 * row + columns)]
    return pyvips.Image.arrayjoin(cells, across=columns).crop(0, 0, width, height)
