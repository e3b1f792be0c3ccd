"""Strangers' files and the processes that decode them: what goes wrong there goes wrong for one photo."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from handlers.admission import Pace
from handlers.stopwatch import Stopwatch
from handlers.time_budget import Deadline
from handlers.worker_pool import FUNCTION_MB, MB, WORKER_MB, WorkerPool
from handlers.worker_process import Worker
from processing.failures import DarkroomError, FailureCode, PermanentError, RetryableError
from processing.images.rendered import Rendered
from processing.settings import Limits, RenderSettings
from processing.worker.memory_limit import RESERVED_BYTES
from processing.worker.protocol import RenderRequest
from tests.support import photos
from tests.support.bad_decoder import asking_for
from tests.support.rendering import RENDITIONS, SETTINGS

PHOTO = photos.jpeg()
PHOTO_TIMEOUT_SECONDS = 1.5
ALL_PIXELS = RenderSettings(RENDITIONS, Limits(max_bytes=10**9, max_pixels=10**9, max_pages=1))


class Recorder:
    """Starts workers and remembers them."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.started: list[Worker] = []
        self.limits: list[int] = []

    def __call__(self, memory_limit_bytes: int) -> Worker:
        self.limits.append(memory_limit_bytes)
        worker = Worker(memory_limit_bytes, self.module)
        self.started.append(worker)
        return worker


Pooled = Callable[..., WorkerPool]


@pytest.fixture
def pooled() -> Iterator[Pooled]:
    """Makes pools that end with the test."""
    pools: list[WorkerPool] = []

    def make(start: Callable[[int], Worker], memory_mb: int = 1769) -> WorkerPool:
        pools.append(WorkerPool(memory_mb, PHOTO_TIMEOUT_SECONDS, Pace(), start))
        return pools[-1]

    yield make
    for pool in pools:
        pool.stop()


@pytest.fixture
def workers() -> Recorder:
    return Recorder("tests.support.bad_decoder")


@pytest.fixture
def pool(pooled: Pooled, workers: Recorder) -> WorkerPool:
    return pooled(workers)


def render(
    pool: WorkerPool, folder: Path, data: bytes, *, settings: RenderSettings = SETTINGS, seconds: float = 60
) -> Rendered:
    place = folder / str(uuid4())
    place.mkdir(parents=True)
    (place / "source").write_bytes(data)
    request = RenderRequest(place / "source", place, settings)
    return pool.render(request, Deadline.after(seconds), Stopwatch())


def failure(pool: WorkerPool, folder: Path, data: bytes, **options: float) -> DarkroomError:
    with pytest.raises((PermanentError, RetryableError)) as caught:
        render(pool, folder, data, **options)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        (b"CRASH", FailureCode.DECODER_CRASHED),
        (b"STOP", FailureCode.TOO_SLOW),
        (b"SPIN", FailureCode.TOO_SLOW),
        (b"STARVE", FailureCode.OUT_OF_MEMORY),
        (b"BABBLE", FailureCode.DECODER_CRASHED),
        (b"FLOOD", FailureCode.DECODER_CRASHED),
        (b"BE KILLED", FailureCode.OUT_OF_MEMORY),
    ],
)
def test_a_photo_that_takes_its_worker_down_twice_has_failed_and_the_next_one_is_rendered(
    pool: WorkerPool, workers: Recorder, tmp_path: Path, deed: bytes, code: FailureCode
) -> None:
    lost = failure(pool, tmp_path, asking_for(deed, PHOTO))
    assert (type(lost), lost.code) == (PermanentError, code)
    assert render(pool, tmp_path, PHOTO).files
    assert len(workers.started) == 3  # the first, and one for each try
    assert [worker.is_alive for worker in workers.started] == [False, False, True]


def test_a_hang_is_ended_at_the_photos_time_limit(pool: WorkerPool, tmp_path: Path) -> None:
    render(pool, tmp_path, PHOTO)
    start = time.monotonic()
    failure(pool, tmp_path, asking_for(b"STOP", PHOTO))
    assert 2 * PHOTO_TIMEOUT_SECONDS <= time.monotonic() - start < 2 * PHOTO_TIMEOUT_SECONDS + 5


def test_a_photo_that_fails_once_by_bad_luck_is_rendered_at_its_second_try(
    pool: WorkerPool, workers: Recorder, tmp_path: Path
) -> None:
    with ThreadPoolExecutor() as threads:
        rendering = threads.submit(render, pool, tmp_path, asking_for(b"DAWDLE", PHOTO))
        while not list(tmp_path.rglob("begun")):
            time.sleep(0.01)
        os.kill(workers.started[0].process_id, signal.SIGKILL)
        assert rendering.result().files
    assert len(workers.started) == 2


def test_the_second_try_is_alone(
    pooled: Pooled, workers: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    pool = pooled(workers, memory_mb=2 * 1769)
    crashing, dawdling = asking_for(b"DAWDLE AND CRASH", PHOTO), asking_for(b"DAWDLE", PHOTO)
    with ThreadPoolExecutor() as threads:
        lost = threads.submit(failure, pool, tmp_path / "lost", crashing)
        others = [threads.submit(render, pool, tmp_path / "others", dawdling) for _ in range(4)]
        assert lost.result().code is FailureCode.DECODER_CRASHED
        assert all(other.result().files for other in others)
    first_try, second_try = sorted(intervals(tmp_path / "lost"))
    assert any(overlap(first_try, other) for other in intervals(tmp_path / "others"))
    assert not any(overlap(second_try, other) for other in intervals(tmp_path / "others"))


def intervals(folder: Path) -> list[tuple[float, float]]:
    """From when to when the photos in a folder were in work."""
    notes = [note.read_text().split() for note in folder.glob("dawdled-*")]
    return [(float(start), float(end)) for start, end in notes]


def overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def test_a_worker_that_died_while_nobody_used_it_is_replaced(
    pool: WorkerPool, workers: Recorder, tmp_path: Path
) -> None:
    os.kill(workers.started[0].process_id, signal.SIGKILL)
    workers.started[0]._process.wait()
    assert render(pool, tmp_path, PHOTO).files


def test_a_photo_that_needs_more_memory_than_there_is_is_refused_before_any_pixel_is_decoded(
    pooled: Pooled, workers: Recorder, tmp_path: Path
) -> None:
    bomb = photos.png_bomb(17_000, interlaced=True)
    refused = failure(pooled(workers, memory_mb=512), tmp_path, bomb, settings=ALL_PIXELS)  # type: ignore[arg-type]
    assert (type(refused), refused.code) == (PermanentError, FailureCode.OUT_OF_MEMORY)
    assert len(workers.started) == 1


@pytest.mark.parametrize("memory_mb", [1024, 1769, 3538, 10_240])
def test_all_that_the_function_and_its_worker_may_take_together_is_the_functions_memory(
    pooled: Pooled, workers: Recorder, memory_mb: int
) -> None:
    pooled(workers, memory_mb=memory_mb)
    everyone = FUNCTION_MB * MB + len(workers.limits) * WORKER_MB * MB + workers.limits[0] + RESERVED_BYTES
    assert everyone == memory_mb * MB


def test_large_photos_that_do_not_fit_into_the_memory_together_take_turns(
    pooled: Pooled, workers: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    pool = pooled(workers, memory_mb=2 * 1769)
    # By its header each needs more than half of the memory; cut off, it costs none.
    huge = asking_for(b"DAWDLE", photos.png_bomb(28_000, interlaced=True)[:1000])
    with ThreadPoolExecutor() as threads:
        for place in ("one", "other"):
            threads.submit(failure, pool, tmp_path / place, huge, settings=ALL_PIXELS)  # type: ignore[arg-type]
    (one,), (other,) = intervals(tmp_path / "one"), intervals(tmp_path / "other")
    assert not overlap(one, other)


def test_the_kernel_would_rather_kill_a_worker_than_the_function(
    pool: WorkerPool, workers: Recorder, tmp_path: Path
) -> None:
    render(pool, tmp_path, PHOTO)
    assert Path(f"/proc/{workers.started[0].process_id}/oom_score_adj").read_text().strip() == "1000"


def test_a_photo_whose_time_is_cut_short_by_the_batch_is_not_to_blame(pool: WorkerPool, tmp_path: Path) -> None:
    render(pool, tmp_path, PHOTO)
    cut = failure(pool, tmp_path, asking_for(b"STOP", PHOTO), seconds=1.3)
    assert (type(cut), cut.code) == (RetryableError, FailureCode.OUT_OF_TIME)
    assert render(pool, tmp_path, PHOTO).files


def test_a_photo_is_not_handed_to_a_worker_when_too_little_time_is_left(pool: WorkerPool, tmp_path: Path) -> None:
    start = time.monotonic()
    assert failure(pool, tmp_path, asking_for(b"STOP", PHOTO), seconds=0.9).code is FailureCode.OUT_OF_TIME
    assert time.monotonic() - start < 0.9


def test_workers_that_cannot_start_are_not_the_photos_fault(pooled: Pooled, tmp_path: Path) -> None:
    broken = failure(pooled(Recorder("tests.no_such_module")), tmp_path, PHOTO)
    assert (type(broken), broken.code) == (RetryableError, FailureCode.INTERNAL_ERROR)


def test_a_worker_that_cannot_be_replaced_at_once_is_replaced_for_the_next_photo(
    pooled: Pooled, workers: Recorder, tmp_path: Path
) -> None:
    refusals = iter([False, True, True])

    def start(memory_limit_bytes: int) -> Worker:
        if next(refusals, False):
            raise BlockingIOError("no more processes")
        return workers(memory_limit_bytes)

    pool = pooled(start)
    with pytest.raises(BlockingIOError):
        render(pool, tmp_path, asking_for(b"CRASH", PHOTO))
    assert render(pool, tmp_path, PHOTO).files


def test_starting_a_pool_does_not_wait_for_its_workers(pooled: Pooled, tmp_path: Path) -> None:
    start = time.monotonic()
    pool = pooled(Recorder("tests.support.slow_worker"))
    assert time.monotonic() - start < 0.5
    assert render(pool, tmp_path, PHOTO).files


def test_a_worker_knows_no_credentials(
    pooled: Pooled, workers: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "SOMEBODYS_API_KEY"):
        monkeypatch.setenv(name, "secret-value")
    pool = pooled(workers)
    render(pool, tmp_path, PHOTO)
    environment = Path(f"/proc/{workers.started[0].process_id}/environ").read_bytes()
    assert b"secret-value" not in environment
    names = {entry.partition(b"=")[0].decode() for entry in environment.split(b"\0") if entry}
    assert not [name for name in names if "AWS" in name or "KEY" in name or "TOKEN" in name]
    assert len(names) < 12


def test_a_worker_inherits_no_open_file(pooled: Pooled, workers: Recorder, tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        pool = pooled(workers)
        render(pool, tmp_path, PHOTO)
        folder = Path(f"/proc/{workers.started[0].process_id}/fd")
        links = {str(link.readlink()) for link in folder.iterdir()}
    assert not any("secret" in link or "socket" in link for link in links)
