"""The photos to upload: every file below a folder, its relative path as its key."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from scripts.upload.folder import LocalFile, Unreadable, walk

# Photos that scikit-image ships under free licences (public domain and CC0; the docstrings in its data/_fetchers.py
# name each source).
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


def find_photos(folder: Path) -> list[Photo | Unreadable]:
    """Lists every file below a folder in the order of their names, and what should have been one.

    Raises:
        PhotoFolderError: no such folder, it may not be read, or nothing is in it.
    """
    if not folder.is_dir():
        raise PhotoFolderError(f"{folder} is not a folder. Name a folder of photos: npm start -- ~/Pictures/holiday")
    found = list(walk(folder))
    if not found:
        raise PhotoFolderError(f"{folder} holds no files.")
    if isinstance(found[0], Unreadable) and not found[0].name:  # the folder itself
        raise PhotoFolderError(f"{folder} cannot be read: {found[0].reason}")
    return [Photo(item.path, item.key) if isinstance(item, LocalFile) else item for item in found]


def keep_apart(folder: Path, out: Path) -> None:
    """Makes sure that the next run does not take the outputs of this one for photos.

    Raises:
        PhotoFolderError: the outputs would go into the folder of the photos.
    """
    if out.resolve().is_relative_to(folder.resolve()):
        raise PhotoFolderError(
            f"the outputs would go to {out.resolve()}, among the photos in {folder.resolve()}, and the next run would "
            "take them for photos. Choose another place with --out DIR."
        )


def sample_photos() -> list[Photo]:
    """The sample photos that come with a development dependency."""
    package = importlib.util.find_spec("skimage")
    if package is None or package.origin is None:
        raise PhotoFolderError("The sample photos are not installed. Name a folder of photos instead.")
    folder = Path(package.origin).parent / "data"
    return [Photo(folder / name, name) for name in SAMPLE_NAMES]
