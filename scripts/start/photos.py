"""Find the photos of `npm start`: those of a folder, or sample photos."""

import importlib.util
from collections import Counter
from pathlib import Path

from scripts.cli.errors import OperatorError
from scripts.cli.failures import Failure
from scripts.photo_job.file_choice import FileChoice, choose, skipped_lines
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


def find_photos(folder: Path, choice: FileChoice, skipped: Counter[str]) -> list[LocalFile | Failure]:
    """List the chosen files below a folder, and a failure for every entry that cannot be uploaded.

    Args:
        folder: of the photos.
        choice: of its files.
        skipped: counts the others.

    Raises:
        OperatorError: it is not a folder, cannot be read, or no file of it is chosen.
    """
    if not folder.is_dir():
        raise OperatorError(f"{folder} is not a folder. Name a folder of photos: npm start -- ~/Pictures/holiday")
    found = list(choose(walk(folder), choice, skipped))
    if not found and skipped:
        raise OperatorError(f"{folder} holds no photos. {' '.join(skipped_lines(skipped))}")
    if not found:
        raise OperatorError(f"{folder} holds no files.")
    if isinstance(found[0], Failure) and not found[0].key:  # the folder itself
        raise OperatorError(f"{folder} cannot be read: {found[0].detail}")
    return found


def keep_apart(folder: Path, out: Path) -> None:
    """Refuse an output folder among the photos: the next run would upload the outputs.

    Raises:
        OperatorError: the outputs would go into the folder of the photos.
    """
    if out.resolve().is_relative_to(folder.resolve()):
        raise OperatorError(
            f"the outputs would go to {out.resolve()}, among the photos in {folder.resolve()}, and the next run would "
            "upload them as photos. Choose another place with --out DIR."
        )


def sample_photos() -> list[LocalFile | Failure]:
    """List the sample photos that come with a development dependency."""
    package = importlib.util.find_spec("skimage")
    if package is None or package.origin is None:
        raise OperatorError("The sample photos are not installed. Name a folder of photos instead.")
    files = [Path(package.origin).parent / "data" / name for name in SAMPLE_NAMES]
    return [LocalFile(file, file.name, file.stat().st_size) for file in files]
