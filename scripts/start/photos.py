"""Choose the photos of `npm start`: a folder's, or the sample photos."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from scripts.cli.errors import OperatorError
from scripts.cli.failures import Failure
from scripts.photo_job.photo_folder import LocalFile, walk

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


class PhotoFolderError(OperatorError):
    """The folder cannot be uploaded; the message says what to do."""


def find_photos(folder: Path) -> list[LocalFile | Failure]:
    """List every file below a folder, and a failure for every entry that cannot be uploaded.

    Raises:
        PhotoFolderError: it is not a folder, cannot be read, or is empty.
    """
    if not folder.is_dir():
        raise PhotoFolderError(f"{folder} is not a folder. Name a folder of photos: npm start -- ~/Pictures/holiday")
    found = list(walk(folder))
    if not found:
        raise PhotoFolderError(f"{folder} holds no files.")
    if isinstance(found[0], Failure) and not found[0].key:  # the folder itself
        raise PhotoFolderError(f"{folder} cannot be read: {found[0].what_to_do}")
    return found


def keep_apart(folder: Path, out: Path) -> None:
    """Refuse an output folder among the photos: the next run would upload the outputs.

    Raises:
        PhotoFolderError: the outputs would go into the folder of the photos.
    """
    if out.resolve().is_relative_to(folder.resolve()):
        raise PhotoFolderError(
            f"the outputs would go to {out.resolve()}, among the photos in {folder.resolve()}, and the next run would "
            "upload them as photos. Choose another place with --out DIR."
        )


def sample_photos() -> Sequence[LocalFile]:
    """List the sample photos that come with a development dependency."""
    package = importlib.util.find_spec("skimage")
    if package is None or package.origin is None:
        raise PhotoFolderError("The sample photos are not installed. Name a folder of photos instead.")
    files = [Path(package.origin).parent / "data" / name for name in SAMPLE_NAMES]
    return [LocalFile(file, file.name, file.stat().st_size) for file in files]
