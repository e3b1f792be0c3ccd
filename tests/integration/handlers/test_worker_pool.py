"""Untrusted files and the processes that decode them: a failure there costs one photo."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from handlers.worker_pool import FUNCTION_MB, MB, WORKER_MB, StartWorker, WorkerPool
from handlers.worker_process import Worker, WorkerLostError, WorkerNotStartedError
from processing.failures import DarkroomError, FailureCode, PermanentError, RetryableError
from processing.settings import Limits, RenderSettings
from processing.worker.memory_limit import RESERVED_BYTES
from processing.worker.protocol import WorkerSettings, render_line
from tests.support import photos
from tests.support.bad_decoder import NOTES, asking_for
from tests.support.fake_aws import FakeCloud
from tests.support.function_settings import function_settings
from tests.support.rendering import RENDITIONS, SETTINGS, render_in_worker

PHOTO = photos.jpeg()
OUTPUTS = {"large.jpg", "medium.jpg", "small.jpg", "document.pdf"}
PHOTO_TIMEOUT_SECONDS = 1.5
ALL_PIXELS = RenderSettings(RENDITIONS, Limits(max_bytes=10**9, max_pixels=10**9, max_pages=1))


class Recorder:
    """Starts workers and records them."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.started: list[Worker] = []
        self.limits: list[int] = []

    def __call__(self, settings: WorkerSettings) -> Worker:
        self.limits.append(settings.memory_limit_bytes)
        worker = Worker(settings, self.module)
        self.started.append(worker)
        return worker


Pooled = Callable[..., WorkerPool]


@pytest.fixture
def pooled() -> Iterator[Pooled]:
    """Make pools that end with the test."""
    pools: list[WorkerPool] = []

    def make(start: StartWorker, settings: RenderSettings = SETTINGS, **changes: int) -> WorkerPool:
        of_function = function_settings(render=settings, photo_timeout_seconds=PHOTO_TIMEOUT_SECONDS, **changes)
        pools.append(WorkerPool(of_function, start))
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


@pytest.fixture(autouse=True)
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file in which bad decoders note when they were slow."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path / NOTES


def render(pool: WorkerPool, data: bytes, *, seconds: float = 60) -> set[str]:
    """Render a photo; return the names of its outputs."""
    return {name for name, output in render_in_worker(pool, data, seconds=seconds).items() if output}


def failure(pool: WorkerPool, data: bytes, *, seconds: float = 60) -> DarkroomError:
    with pytest.raises((PermanentError, RetryableError)) as caught:
        render(pool, data, seconds=seconds)
    return caught.value


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (b"CRASH", FailureCode.DECODER_CRASHED),
        (b"STOP", FailureCode.TOO_SLOW),
        (b"SPIN", FailureCode.TOO_SLOW),
        (b"EXHAUST MEMORY", FailureCode.OUT_OF_MEMORY),
        (b"SEND GARBAGE", FailureCode.DECODER_CRASHED),
        (b"FLOOD", FailureCode.DECODER_CRASHED),
        (b"BE KILLED", FailureCode.OUT_OF_MEMORY),
        (b"ABORT FOR MEMORY", FailureCode.OUT_OF_MEMORY),
    ],
)
def test_a_photo_that_takes_its_worker_down_twice_has_failed_and_the_next_one_is_rendered(
    pool: WorkerPool, workers: Recorder, fault: bytes, code: FailureCode
) -> None:
    lost = failure(pool, asking_for(fault, PHOTO))
    assert (type(lost), lost.code) == (PermanentError, code)
    assert render(pool, PHOTO) == OUTPUTS
    assert len(workers.started) == 3  # the first, and one for each try
    assert [worker.is_alive for worker in workers.started] == [False, False, True]


def test_a_hang_is_ended_at_the_photos_time_limit(pool: WorkerPool) -> None:
    render(pool, PHOTO)
    start = time.monotonic()
    failure(pool, asking_for(b"STOP", PHOTO))
    assert 2 * PHOTO_TIMEOUT_SECONDS <= time.monotonic() - start < 2 * PHOTO_TIMEOUT_SECONDS + 5


def test_header_and_rendering_share_one_time_limit(pooled: Pooled) -> None:
    limits = list[float]()

    class SlowInspection(Worker):
        def ask(self, request: bytes, timeout_seconds: float) -> bytes:
            limits.append(timeout_seconds)
            time.sleep(0.5 if b"inspect" in request else 0)
            return super().ask(request, timeout_seconds)

    assert render(pooled(SlowInspection), PHOTO) == OUTPUTS
    for_header, for_rendering = limits
    assert for_header == PHOTO_TIMEOUT_SECONDS
    assert for_rendering <= PHOTO_TIMEOUT_SECONDS - 0.5


def test_a_photo_that_fails_once_by_bad_luck_is_rendered_at_its_second_try(
    pool: WorkerPool, workers: Recorder, notes: Path
) -> None:
    with ThreadPoolExecutor() as threads:
        rendering = threads.submit(render, pool, asking_for(b"BE SLOW", PHOTO))
        while not (notes.exists() and notes.read_text()):
            time.sleep(0.01)
        os.kill(workers.started[0].process_id, signal.SIGKILL)
        assert rendering.result() == OUTPUTS
    assert len(workers.started) == 2


def test_the_second_try_is_alone(
    pooled: Pooled, workers: Recorder, monkeypatch: pytest.MonkeyPatch, notes: Path
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    pool = pooled(workers, memory_mb=2 * 1769)
    crashing, slow = asking_for(b"SLOW AND CRASH", PHOTO, "lost"), asking_for(b"BE SLOW", PHOTO, "other")
    with ThreadPoolExecutor() as threads:
        lost = threads.submit(failure, pool, crashing)
        others = [threads.submit(render, pool, slow) for _ in range(4)]
        assert lost.result().code is FailureCode.DECODER_CRASHED
        assert all(other.result() == OUTPUTS for other in others)
    first_try, second_try = sorted(intervals(notes, "lost"))
    assert any(overlap(first_try, other) for other in intervals(notes, "other"))
    assert not any(overlap(second_try, other) for other in intervals(notes, "other"))


def intervals(notes: Path, label: str) -> list[tuple[float, float]]:
    """Return the start and end of each slow rendering of a photo."""
    lines = [line.split() for line in notes.read_text().splitlines()]
    return [(float(line[1]), float(line[2])) for line in lines if line[0] == label and len(line) == 3]


def overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def test_a_worker_that_died_while_nobody_used_it_is_replaced(pool: WorkerPool, workers: Recorder) -> None:
    os.kill(workers.started[0].process_id, signal.SIGKILL)
    workers.started[0]._process.wait()
    assert render(pool, PHOTO) == OUTPUTS


def test_a_photo_that_needs_more_memory_than_there_is_is_refused_before_any_pixel_is_decoded(
    pooled: Pooled, workers: Recorder
) -> None:
    bomb = photos.png_bomb(17_000, interlaced=True)
    refused = failure(pooled(workers, memory_mb=512, settings=ALL_PIXELS), bomb)
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
    pooled: Pooled, workers: Recorder, monkeypatch: pytest.MonkeyPatch, notes: Path
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    pool = pooled(workers, memory_mb=2 * 1769, settings=ALL_PIXELS)
    # By its header each needs more than half of the memory; cut off, it costs none.
    huge = photos.png_bomb(28_000, interlaced=True)[:1000]
    with ThreadPoolExecutor() as threads:
        for label in ("one", "other"):
            threads.submit(failure, pool, asking_for(b"BE SLOW", huge, label))
    (one,), (other,) = intervals(notes, "one"), intervals(notes, "other")
    assert not overlap(one, other)


def test_the_kernel_would_rather_kill_a_worker_than_the_function(pool: WorkerPool, workers: Recorder) -> None:
    render(pool, PHOTO)
    assert Path(f"/proc/{workers.started[0].process_id}/oom_score_adj").read_text().strip() == "1000"


def test_a_photo_whose_time_is_cut_short_by_the_batch_is_not_to_blame(pool: WorkerPool) -> None:
    render(pool, PHOTO)
    cut = failure(pool, asking_for(b"STOP", PHOTO), seconds=1.3)
    assert (type(cut), cut.code) == (RetryableError, FailureCode.OUT_OF_TIME)
    assert render(pool, PHOTO) == OUTPUTS


def test_a_photo_is_not_handed_to_a_worker_when_too_little_time_is_left(pool: WorkerPool) -> None:
    start = time.monotonic()
    assert failure(pool, asking_for(b"STOP", PHOTO), seconds=0.9).code is FailureCode.OUT_OF_TIME
    assert time.monotonic() - start < 0.9


def test_workers_that_cannot_start_are_not_the_photos_fault(pooled: Pooled) -> None:
    broken = failure(pooled(Recorder("tests.no_such_module")), PHOTO)
    assert (type(broken), broken.code) == (RetryableError, FailureCode.INTERNAL_ERROR)


def test_a_worker_that_cannot_be_replaced_at_once_is_replaced_for_the_next_photo(
    pooled: Pooled, workers: Recorder
) -> None:
    refusals = iter([False, True, True])

    def start(settings: WorkerSettings) -> Worker:
        if next(refusals, False):
            raise BlockingIOError("no more processes")
        return workers(settings)

    pool = pooled(start)
    with pytest.raises(BlockingIOError):
        render(pool, asking_for(b"CRASH", PHOTO))
    assert render(pool, PHOTO) == OUTPUTS


def test_starting_a_pool_does_not_wait_for_its_workers(pooled: Pooled) -> None:
    start = time.monotonic()
    pool = pooled(Recorder("tests.support.slow_worker"))
    assert time.monotonic() - start < 0.5
    assert render(pool, PHOTO) == OUTPUTS


def test_a_worker_knows_no_credentials(pooled: Pooled, workers: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "SOMEBODYS_API_KEY"):
        monkeypatch.setenv(name, "secret-value")
    pool = pooled(workers)
    render(pool, PHOTO)
    environment = Path(f"/proc/{workers.started[0].process_id}/environ").read_bytes()
    assert b"secret-value" not in environment
    names = {entry.partition(b"=")[0].decode() for entry in environment.split(b"\0") if entry}
    assert not [name for name in names if "AWS" in name or "KEY" in name or "TOKEN" in name]
    assert len(names) < 12


def test_a_worker_inherits_no_open_file(pooled: Pooled, workers: Recorder, tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        pool = pooled(workers)
        render(pool, PHOTO)
        folder = Path(f"/proc/{workers.started[0].process_id}/fd")
        links = {str(link.readlink()) for link in folder.iterdir()}
    assert not any("secret" in link or "socket" in link for link in links)


def test_after_a_batch_that_lost_a_worker_all_workers_are_replaced(
    pooled: Pooled, workers: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    pool = pooled(workers, memory_mb=2 * 1769)
    failure(pool, asking_for(b"CRASH", PHOTO))
    before = set(living(workers))
    pool.end_batch()
    assert len(before) == len(living(workers)) == 2
    assert before.isdisjoint(living(workers))
    assert render(pool, PHOTO) == OUTPUTS


def test_after_a_batch_that_lost_none_all_workers_stay(pool: WorkerPool, workers: Recorder) -> None:
    render(pool, PHOTO)
    failure(pool, photos.not_an_image())
    pool.end_batch()
    assert len(workers.started) == 1


def living(workers: Recorder) -> list[Worker]:
    return [worker for worker in workers.started if worker.is_alive]


@pytest.mark.parametrize(("worker_photos", "started"), [(0, 1), (1, 5), (2, 3)])
def test_a_worker_sees_no_more_photos_than_it_may(
    pooled: Pooled, workers: Recorder, worker_photos: int, started: int
) -> None:
    pool = pooled(workers, worker_photos=worker_photos)
    for _ in range(4):
        assert render(pool, PHOTO) == OUTPUTS
    assert len(workers.started) == started  # the last is ready for the next photo
    assert len(living(workers)) == 1


def test_a_photo_does_not_stay_in_the_workers_files(pool: WorkerPool, workers: Recorder) -> None:
    render(pool, PHOTO)
    files = workers.started[0]._files
    assert [file.seek(0, os.SEEK_END) for file in (files._source, *files._outputs)] == [0] * 5


def test_a_worker_without_its_sandbox_renders_nothing(pooled: Pooled) -> None:
    pool = pooled(Recorder("tests.support.unconfined_worker"))
    refused = failure(pool, PHOTO)
    assert (type(refused), refused.code) == (RetryableError, FailureCode.INTERNAL_ERROR)
    assert "nofile" in refused.detail
    assert pool.take_sandbox_report() == {"core": True, "fsize": True, "nofile": False}


def test_the_layers_of_the_sandbox_are_reported_once(pool: WorkerPool) -> None:
    assert pool.take_sandbox_report() == {}
    render(pool, PHOTO)
    assert pool.take_sandbox_report()["nofile"]
    assert pool.take_sandbox_report() == {}


def test_what_a_worker_writes_to_stderr_is_told_when_it_does_not_start() -> None:
    worker = Worker(WorkerSettings(SETTINGS), "tests.no_such_module")
    with pytest.raises(WorkerNotStartedError) as caught:
        worker.put_source(BytesIO(PHOTO))
    assert "No module named tests.no_such_module" in caught.value.errors


def test_what_a_worker_wrote_to_stderr_is_told_when_it_is_lost(tmp_path: Path) -> None:
    worker = Worker(WorkerSettings(SETTINGS), "tests.support.bad_decoder")
    size_bytes = worker.put_source(BytesIO(asking_for(b"COMPLAIN AND CRASH", PHOTO)))
    with pytest.raises(WorkerLostError) as caught:
        worker.ask(render_line(size_bytes), PHOTO_TIMEOUT_SECONDS)
    assert caught.value.errors.endswith("free(): invalid pointer\n")
    assert len(caught.value.errors) == 2000


def test_when_memory_is_tight_what_fits_is_processed_and_what_can_never_fit_is_dead_with_that_reason() -> None:
    cloud = FakeCloud(lambda settings: WorkerPool(replace(settings, memory_mb=300)))
    for number in range(4):
        cloud.upload(f"photo {number}.jpg", photos.jpeg((2000, 1500), progressive=True))
    cloud.upload("too big.jpg", photos.jpeg(image=Image.new("RGB", (5400, 5400)), progressive=True))
    cloud.work_until_the_queue_is_empty()
    cloud.services.workers.stop()
    account = cloud.account()
    assert len(account.processed) == 4
    assert account.reasons == {"out-of-memory": 1}
