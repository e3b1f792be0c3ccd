"""The yardstick for quality: all pixels decoded, each rendition resized from them by Lanczos, nothing compressed."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms
from skimage.metrics import structural_similarity

from processing.images.geometry import fit
from scripts.bench.renditions import RENDITIONS


def make_reference(source: Path, folder: Path) -> Path:
    """Makes the reference renditions of a photo that are not there yet, as `{name}.ppm`.

    Args:
        source: a photo with defined colours.
        folder: receives a folder with the photo's name.

    Returns:
        That folder.
    """
    folder = folder / source.name
    wanted = [folder / f"{rendition.name}.ppm" for rendition in RENDITIONS]
    if not all(path.exists() and path.stat().st_mtime >= source.stat().st_mtime for path in wanted):
        folder.mkdir(parents=True, exist_ok=True)
        photo = _decode(source)
        for rendition, path in zip(RENDITIONS, wanted, strict=True):
            small = photo.resize(fit(photo.size, rendition.box_px), Image.Resampling.LANCZOS)
            _to_srgb(small, photo.info.get("icc_profile", b"")).save(path)
    return folder


def likeness(into: Path, reference: Path) -> Sequence[float]:
    """SSIM of the luminance of each rendition in a folder with its reference: 1 is the same.

    Raises:
        ValueError: a rendition has another size.
    """
    pairs = ((into / f"{r.name}.jpg", reference / f"{r.name}.ppm") for r in RENDITIONS)
    return [_similarity(_decode(one), _decode(other)) for one, other in pairs]


def _similarity(one: Image.Image, other: Image.Image) -> float:
    luminances = (np.asarray(image.convert("L")) for image in (one, other))
    return float(structural_similarity(*luminances))  # type: ignore[no-untyped-call]


def _decode(path: Path) -> Image.Image:
    Image.MAX_IMAGE_PIXELS = None  # our own photos, of up to 100 megapixels
    with Image.open(path) as image:
        image.load()
        return image


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    if not profile:
        return image
    converted = ImageCms.profileToProfile(
        image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    )
    assert converted is not None  # noqa: S101 (for the type checker: not converted in place)
    return converted
