"""Reference renditions: all pixels decoded, resized once by Lanczos, not compressed; and the SSIM with them."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms
from skimage.metrics import structural_similarity

from processing.images.geometry import fit
from scripts.bench.bench_settings import RENDITIONS


def make_reference(source: Path, folder: Path) -> Path:
    """Make the reference renditions of a photo, `{name}.ppm`, unless they exist.

    Args:
        source: a photo with defined colours.
        folder: receives a folder with the photo's name.

    Returns:
        That folder.
    """
    folder = folder / source.name
    files = [folder / f"{rendition.name}.ppm" for rendition in RENDITIONS]
    if not all(path.exists() and path.stat().st_mtime >= source.stat().st_mtime for path in files):
        folder.mkdir(parents=True, exist_ok=True)
        photo = _decode(source)
        for rendition, path in zip(RENDITIONS, files, strict=True):
            small = photo.resize(fit(photo.size, rendition.box_px), Image.Resampling.LANCZOS)
            _to_srgb(small, photo.info.get("icc_profile", b"")).save(path)
    return folder


def compare_with_reference(into: Path, reference: Path) -> list[float]:
    """Return the SSIM of each rendition's luminance with its reference.

    Raises:
        ValueError: a rendition has another size.
    """
    return [_ssim(_decode(into / f"{r.name}.jpg"), _decode(reference / f"{r.name}.ppm")) for r in RENDITIONS]


def _ssim(one: Image.Image, other: Image.Image) -> float:
    luminances = (np.asarray(image.convert("L")) for image in (one, other))
    return float(structural_similarity(*luminances))  # type: ignore[no-untyped-call]


def _decode(path: Path) -> Image.Image:
    Image.MAX_IMAGE_PIXELS = None  # photos of this benchmark have up to 100 megapixels
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
