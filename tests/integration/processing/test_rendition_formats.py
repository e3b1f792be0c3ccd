"""WebP, AVIF and crops in the worker's sandbox, where encoders can open nothing, and their memory."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from handlers.worker_pool import MB, WORKER_MB, WorkerPool
from handlers.worker_process import Worker
from processing.images.header import inspect_header
from processing.images.memory import memory_bytes
from processing.renditions import parse_renditions
from processing.settings import RenderSettings
from processing.worker.protocol import WorkerSettings
from scripts.bench.measurements import peak_bytes
from tests.support import photos
from tests.support.function_settings import function_settings
from tests.support.rendering import LIMITS, render, render_in_worker

EVERY_FORMAT = "large:400:80,large:400:80:webp,large:400:60:avif,tile:90x90:60:avif:cover,tile:90x90:80:webp:cover"
TWELVE_MEGAPIXELS = (4000, 3000)

Pooled = Callable[[str], tuple[WorkerPool, RenderSettings, list[Worker]]]


@pytest.fixture
def pooled() -> Iterator[Pooled]:
    pools: list[WorkerPool] = []

    def make(renditions: str) -> tuple[WorkerPool, RenderSettings, list[Worker]]:
        settings = RenderSettings(parse_renditions(renditions), LIMITS)
        started: list[Worker] = []

        def start(worker_settings: WorkerSettings) -> Worker:
            started.append(Worker(worker_settings))
            return started[-1]

        pools.append(WorkerPool(function_settings(render=settings, photo_timeout_seconds=60), start))
        return pools[-1], settings, started

    yield make
    for pool in pools:
        pool.stop()


def test_every_format_and_shape_is_encoded_within_the_sandbox(pooled: Pooled) -> None:
    pool, settings, workers = pooled(EVERY_FORMAT)
    for _ in range(3):
        outputs = render_in_worker(pool, photos.jpeg(), settings=settings)
        shapes = {name: _opened(output) for name, output in outputs.items() if name != "document.pdf"}
        assert shapes == {
            "large.jpg": ("JPEG", (400, 300)),
            "large.webp": ("WEBP", (400, 300)),
            "large.avif": ("AVIF", (400, 300)),
            "tile.avif": ("AVIF", (90, 90)),
            "tile.webp": ("WEBP", (90, 90)),
        }
    assert all(pool.sandbox.values()), pool.sandbox
    assert len(workers) == 1, "a worker was lost"


def test_the_sandbox_changes_no_byte(pooled: Pooled, tmp_path: Path) -> None:
    pool, settings, _ = pooled(EVERY_FORMAT)
    confined = render_in_worker(pool, photos.jpeg(), settings=settings, mark="darkroom 01")
    render(tmp_path, photos.jpeg(), settings, mark="darkroom 01")
    assert confined == {name: (tmp_path / name).read_bytes() for name in confined}


@pytest.mark.parametrize("style", ["jpeg", "webp", "avif"])
def test_an_output_of_12_megapixels_takes_no_more_memory_than_estimated(pooled: Pooled, style: str) -> None:
    pool, settings, workers = pooled(f"full:4000:60:{style}")
    photo = photos.jpeg(TWELVE_MEGAPIXELS)
    render_in_worker(pool, photo, settings=settings)
    estimate = memory_bytes(inspect_header(photo, LIMITS), settings)
    assert peak_bytes(workers[0].process_id) <= WORKER_MB * MB + estimate


def test_the_estimate_grows_with_the_outputs_and_their_format() -> None:
    header = inspect_header(photos.jpeg((2000, 1500)), LIMITS)

    def estimate(text: str) -> int:
        return memory_bytes(header, RenderSettings(parse_renditions(text), LIMITS))

    assert estimate("large:1200:80,medium:600:80,small:300:80") == header.memory_bytes
    assert estimate("a:1200:80") < estimate("a:2000:80") < estimate("a:2000:80:webp") < estimate("a:2000:80:avif")
    assert estimate("a:2000:80") == estimate("a:9000:80")


def _opened(output: bytes) -> tuple[str | None, tuple[int, int]]:
    with Image.open(BytesIO(output)) as picture:
        picture.load()
        return picture.format, picture.size
