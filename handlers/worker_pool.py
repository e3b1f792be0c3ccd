"""A pool of workers, one for each of the function's vCPUs."""

import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from handlers.admission import DurationEstimate
from handlers.byte_budget import ByteBudget
from handlers.photo_files import PhotoFiles
from handlers.reporting import logger
from handlers.settings import Settings
from handlers.time_budget import Deadline, Stopwatch
from handlers.worker_process import Worker, WorkerLostError, WorkerNotStartedError
from processing.failures import FailureCode, PermanentError, RetryableError
from processing.layout import PhotoReport
from processing.worker.memory_limit import RESERVED_BYTES
from processing.worker.protocol import (
    ProtocolError,
    WorkerSettings,
    inspect_line,
    parse_memory,
    parse_rendered,
    render_line,
)

_T = TypeVar("_T")
StartWorker = Callable[[WorkerSettings], Worker]

MB = 1024 * 1024
MB_PER_VCPU = 1769  # AWS Lambda Developer Guide, "Configure Lambda function memory"
# Memory of the function itself and of each worker before its first photo, measured with libvips and botocore imported.
FUNCTION_MB = 160
WORKER_MB = 70
# The worker's limit counts address space that is hardly ever touched; a photo that exhausts its memory may touch it.
SLACK_MB = RESERVED_BYTES // MB


class WorkerPool:
    """Renders photos in workers; a photo that ends its worker fails alone.

    This process holds the credentials, so it parses no byte of an untrusted file: the worker reads the header too.

    Attributes:
        size: how many photos are rendered at a time.
        estimate: the expected duration of a photo.
        sandbox: which layers of the workers' sandbox hold; empty until the first worker is ready.
    """

    def __init__(self, settings: Settings, start: StartWorker = Worker) -> None:
        self.size = max(1, min(settings.memory_mb // MB_PER_VCPU, os.cpu_count() or 1))
        self.estimate = DurationEstimate(settings.render.avif_seconds)
        photos_mb = settings.memory_mb - FUNCTION_MB - SLACK_MB - self.size * WORKER_MB
        self._memory = ByteBudget(max(photos_mb, settings.memory_mb // 4) * MB, "memory")
        self.sandbox: dict[str, bool] = {}
        self._is_sandbox_reported = False
        self._renditions = settings.render.renditions
        self._photo_timeout_seconds = settings.photo_timeout_seconds
        self._max_photos = settings.worker_photos
        self._lost_one = threading.Event()
        self._trusted: set[Worker] = set()
        self._start = partial(start, WorkerSettings(settings.render, self._memory.total_bytes))
        self._free: queue.LifoQueue[Worker] = queue.LifoQueue()
        for _ in range(self.size):
            self._free.put(self._start_worker())

    def render(self, photo: PhotoFiles, mark: str, deadline: Deadline, stopwatch: Stopwatch) -> PhotoReport:
        """Render one photo; when its worker is lost, try once more in a new one, with all the memory.

        The stopwatch measures the time in the worker as `process`, without waiting for one.

        Returns:
            The layout and the notes, as its worker reported them.

        Raises:
            PermanentError: the photo is invalid, or ended its worker twice.
            RetryableError: `out-of-time`, `disk-full`, `internal-error`.
        """
        worker = self._take(deadline)
        try:
            alone = False
            while True:
                worker = self._alive(worker)
                try:
                    return self._try(worker, photo, mark, deadline, stopwatch, alone=alone)
                except WorkerLostError as lost:
                    self._note_loss(lost)
                    if alone:
                        raise PermanentError(lost.code, lost.detail) from lost
                    alone = True
        finally:
            self._end_photo(worker)
            self._put_back(worker)

    def _try(
        self, worker: Worker, photo: PhotoFiles, mark: str, deadline: Deadline, stopwatch: Stopwatch, *, alone: bool
    ) -> PhotoReport:
        ask = partial(self._ask, worker, deadline, stopwatch, stopwatch.seconds("process"))
        size_bytes = self._put_source(worker, photo)
        needed_bytes = ask(inspect_line(size_bytes), parse_memory)
        if needed_bytes > self._memory.total_bytes:
            raise PermanentError(FailureCode.OUT_OF_MEMORY, f"needs about {needed_bytes // MB} MB to be decoded")
        with self._memory.reserve(self._memory.total_bytes if alone else needed_bytes, deadline):
            self.estimate.require_render(deadline)
            report = ask(
                render_line(size_bytes, mark, photo.title), partial(parse_rendered, renditions=self._renditions)
            )
        worker.take_outputs(photo.outputs.values())
        return report

    def _put_source(self, worker: Worker, photo: PhotoFiles) -> int:
        photo.check_source()
        try:
            return worker.put_source(photo.source)
        except WorkerNotStartedError as error:
            logger.error("Worker not started", detail=str(error), errors=error.errors)
            raise RetryableError(FailureCode.INTERNAL_ERROR, f"no worker could be started: {error}") from error
        finally:
            self.sandbox = self.sandbox or worker.sandbox

    def _ask(
        self,
        worker: Worker,
        deadline: Deadline,
        stopwatch: Stopwatch,
        before: float,
        request: bytes,
        parse: Callable[[bytes], _T],
    ) -> _T:
        """Ask within what is left of the photo's timeout; when the deadline comes first, the photo is retried.

        The timeout holds for a try: header and rendering together, without the wait for memory. `before` is what the
        stopwatch had measured when the try began.
        """
        left = max(0.0, self._photo_timeout_seconds - (stopwatch.seconds("process") - before))
        limit = min(left, deadline.seconds_left)
        try:
            with stopwatch.measure("process"):
                return _parsed(worker, worker.ask(request, limit), parse)
        except WorkerLostError as lost:
            if lost.code is FailureCode.TOO_SLOW and limit < left:
                self._note_loss(lost)
                raise RetryableError(FailureCode.OUT_OF_TIME, "the batch's time ran out") from lost
            raise

    def _take(self, deadline: Deadline) -> Worker:
        try:
            return self._free.get(timeout=deadline.seconds_left)
        except queue.Empty:
            raise RetryableError(FailureCode.OUT_OF_TIME, "no worker became free in time") from None

    def _alive(self, worker: Worker) -> Worker:
        """Return the worker, or a new one when it was lost."""
        if worker.is_alive:
            return worker
        worker.stop()
        self._trusted.discard(worker)
        return self._start_worker()

    def _start_worker(self) -> Worker:
        worker = self._start()
        self._trusted.add(worker)
        return worker

    def _note_loss(self, lost: WorkerLostError) -> None:
        logger.warning("Worker lost", code=lost.code, detail=lost.detail, errors=lost.errors)
        self._lost_one.set()

    def _end_photo(self, worker: Worker) -> None:
        """Remove the photo from a worker's files; stop the worker if this was its last photo."""
        if worker not in self._trusted or 0 < self._max_photos <= worker.photos:
            worker.stop()
        worker.forget_photo()

    def end_batch(self) -> None:
        """Replace every worker if one was lost: the photo that ended it may have taken over another before."""
        if self._lost_one.is_set():
            self._lost_one.clear()
            self._trusted.clear()  # the workers that are in use end with their photos
            for worker in self._take_free():
                worker.stop()
                self._put_back(worker)

    def take_sandbox_report(self) -> dict[str, bool]:
        """Return which layers of the sandbox hold, once; empty before the first worker is ready."""
        if not self.sandbox or self._is_sandbox_reported:
            return {}
        self._is_sandbox_reported = True
        return self.sandbox

    def _put_back(self, worker: Worker) -> None:
        with suppress(OSError):  # when a lost worker cannot be replaced now, the next photo's thread tries again
            worker = self._alive(worker)
        self._free.put(worker)

    def _take_free(self) -> list[Worker]:
        free = []
        with suppress(queue.Empty):
            while True:
                free.append(self._free.get_nowait())
        return free

    def stop(self) -> None:
        """Stop the workers that are free."""
        for worker in self._take_free():
            worker.stop()


def _parsed(worker: Worker, reply: bytes, parse: Callable[[bytes], _T]) -> _T:
    """Parse a reply; stop a worker that ran out of memory or broke the protocol."""
    try:
        return parse(reply)
    except ProtocolError as error:
        raise worker.reject("sent an invalid reply") from error
    except PermanentError as error:
        if error.code is not FailureCode.OUT_OF_MEMORY:
            raise
        worker.stop()
        raise WorkerLostError(error.code, error.detail) from error
