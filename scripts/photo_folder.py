"""The photos to upload: every file below a folder, its relative path as its key."""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Photos that scikit-image ships under free licences (public domain and CC0; its data/README.txt names each source).
SAMPLE_NAMES = (
    "astronaut.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "hubble_deep_field.jpg",
    "retina.jpg",
    "rocket.jpg",
)


class PhotoFolderError(Exception):
    """There is nothing to upload; the message says what to do."""


@dataclass(frozen=True)
class Photo:
    """A local file and the S3 key it is uploaded under."""

    file: Path
    key: str


def find_photos(folder: Path) -> list[Photo]:
    """Lists every file below a folder, sorted by key.

    Raises:
        PhotoFolderError: no such folder, or nothing in it.
    """
    if not folder.is_dir():
        raise PhotoFolderError(f"{folder} is not a folder. Name a folder of photos: npm start -- ~/Pictures/holiday")
    photos = sorted(_walk(folder), key=lambda photo: photo.key)
    if not photos:
        raise PhotoFolderError(f"{folder} holds no files.")
    return photos


def sample_photos() -> list[Photo]:
    """The sample photos that come with a development dependency."""
    package = importlib.util.find_spec("skimage")
    if package is None or package.origin is None:
        raise PhotoFolderError("The sample photos are not installed. Name a folder of photos instead.")
    folder = Path(package.origin).parent / "data"
    return [Photo(folder / name, name) for name in SAMPLE_NAMES]


def _walk(folder: Path) -> Iterator[Photo]:
    for file in folder.rglob("*"):
        if file.is_file() or file.is_symlink():  # a broken link is reported when it is uploaded; pipes are no photos
            yield Photo(file, file.relative_to(folder).as_posix())
