"""Draw pixels like a camera's: a mosaic of real photographs, with fractal texture and a sensor's noise on top.

The speed of a codec depends on its input. Natural pictures have edges, a spectrum that falls with frequency, and noise;
flat colours or white noise would give wrong times.
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float32]

# Photos that scikit-image ships under free licences (public domain and CC0; the docstrings in its data/_fetchers.py
# name each source).
_PHOTOS = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "hubble_deep_field.jpg", "retina.jpg")
_CELL_PX, _CELL_AT_WIDTH_PX = 1000, 4032  # one photo of a 12 MP mosaic; larger mosaics have larger and more cells
_BAND_PX = 512  # rows drawn at once, to limit the memory for 100 MP
_TILE_PX = 1024
_TEXTURE = 9.0  # standard deviation of the fractal texture, in steps of 255
_READ_NOISE, _SHOT_NOISE = 1.2, 0.12  # a sensor at low sensitivity, as standard deviation and per root of brightness


def draw_photo(width: int, height: int) -> Image.Image:
    """Draw an RGB photo; the pixels depend on the size only."""
    random = np.random.default_rng(12)
    texture = _fractal_texture(random)
    mosaic = _draw_mosaic(width, height)
    photo = Image.new("RGB", (width, height))
    for top in range(0, height, _BAND_PX):
        band = np.asarray(mosaic.crop((0, top, width, min(top + _BAND_PX, height))), dtype=np.float32)
        photo.paste(_add_texture_and_noise(band, texture, top, random), (0, top))
    return photo


def _add_texture_and_noise(band: Floats, texture: Floats, top: int, random: np.random.Generator) -> Image.Image:
    rows, columns = band.shape[:2]
    row_indices = np.arange(top, top + rows) % _TILE_PX
    detail = texture[row_indices][:, np.arange(columns) % _TILE_PX]
    brightness = band.mean(axis=2)
    lit = band + (detail * np.sqrt(brightness / 255))[:, :, None]  # dark areas show no texture
    noise = _READ_NOISE + _SHOT_NOISE * np.sqrt(brightness)
    lit += random.standard_normal((rows, columns, 1), dtype=np.float32) * noise[:, :, None]
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))


def _fractal_texture(random: np.random.Generator) -> Floats:
    """Return a seamless tile whose amplitude falls with frequency."""
    frequencies = np.hypot(np.fft.fftfreq(_TILE_PX)[:, None], np.fft.rfftfreq(_TILE_PX)[None, :])
    frequencies[0, 0] = 1
    spectrum = np.fft.rfft2(random.standard_normal((_TILE_PX, _TILE_PX))) / frequencies
    spectrum[0, 0] = 0
    texture = np.fft.irfft2(spectrum)
    normalised: Floats = (texture / texture.std() * _TEXTURE).astype(np.float32)
    return normalised


def _draw_mosaic(width: int, height: int) -> Image.Image:
    """Draw the sample photos side by side, every other one mirrored."""
    cell_px = _CELL_PX * (width / _CELL_AT_WIDTH_PX) ** 0.5
    columns, rows = max(1, round(width / cell_px)), max(1, round(height / cell_px))
    photos = list(_sample_photos())
    mosaic = Image.new("RGB", (width, height))
    for row in range(rows):
        for column in range(columns):
            left, right = width * column // columns, width * (column + 1) // columns
            top, bottom = height * row // rows, height * (row + 1) // rows
            photo = photos[(column + 2 * row) % len(photos)]
            cell = photo.resize((right - left, bottom - top), Image.Resampling.LANCZOS)
            mosaic.paste(cell.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if (row + column) % 2 else cell, (left, top))
    return mosaic


def _sample_photos() -> Iterator[Image.Image]:
    package = importlib.util.find_spec("skimage")
    assert package is not None  # noqa: S101 (for the type checker: a development dependency)
    assert package.origin is not None  # noqa: S101 (as above)
    for name in _PHOTOS:
        with Image.open(Path(package.origin).parent / "data" / name) as photo:
            yield photo.convert("RGB")
