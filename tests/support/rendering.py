"""Renders the photos of the tests and opens the outputs."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import FileIO
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import IO

from PIL import Image

from handlers.photo_files import open_photo_files
from handlers.time_budget import Deadline, Stopwatch
from handlers.worker_pool import WorkerPool
from processing.images.pipeline import render_photo
from processing.images.rendered import Rendered
from processing.output_keys import output_names
from processing.renditions import Rendition
from processing.settings import Limits, RenderSettings

LIMITS = Limits(max_bytes=50_000_000, max_pixels=50_000_000, max_pages=100)
RENDITIONS = (Rendition("large", 400, 80), Rendition("medium", 200, 80), Rendition("small", 100, 80))
SETTINGS = RenderSettings(RENDITIONS, LIMITS)


def render(folder: Path, data: bytes, settings: RenderSettings = SETTINGS, mark: str = "", title: str = "") -> Rendered:
    """Render a photo into a folder.

    Raises:
        PermanentError, RetryableError: see `render_photo`.
    """
    (folder / "source").write_bytes(data)
    photo = mapped(folder / "source") if data else data
    with output_files(folder, settings) as outputs:
        return render_photo(photo, outputs, settings, mark, title=title)


def mapped(path: Path) -> memoryview:
    """Map a file, as the worker does with its source."""
    with path.open("rb") as file:
        return memoryview(mmap(file.fileno(), 0, access=ACCESS_READ))


@contextmanager
def output_files(folder: Path, settings: RenderSettings = SETTINGS) -> Iterator[list[FileIO]]:
    """Open a file for each output in a folder, under its own name."""
    with ExitStack() as files:
        names = output_names(settings.renditions)
        yield [files.enter_context((folder / name).open("w+b", buffering=0)) for name in names]


def render_largest(folder: Path, data: bytes) -> Image.Image:
    """Render a photo and open the largest rendition."""
    return opened(folder / render(folder, data).files[0].name)


def opened(path: Path) -> Image.Image:
    """Open a picture and load its pixels, so that no file stays open."""
    with Image.open(path) as image:
        image.load()
        return image


def render_in_worker(
    pool: WorkerPool, data: bytes, *, settings: RenderSettings = SETTINGS, seconds: float = 60, mark: str = ""
) -> dict[str, bytes]:
    """Render a photo as the function does, in a worker; return the outputs by file name.

    Raises:
        PermanentError, RetryableError: see `WorkerPool.render`.
    """
    with open_photo_files(settings) as photo:
        photo.source.write(data)
        photo.seal_source()
        pool.render(photo, mark, Deadline.after(seconds), Stopwatch())
        return {name: _content(file) for name, file in photo.outputs.items()}


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
