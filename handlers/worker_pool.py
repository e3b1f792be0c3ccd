"""A pool of workers, one for each of the function's vCPUs."""

import os
import queue
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from handlers.admission import DurationEstimate
from handlers.byte_budget import ByteBudget
from handlers.reporting import logger
from handlers.settings import Settings
from handlers.time_budget import Deadline, Stopwatch
from handlers.worker_process import Worker, WorkerLostError, WorkerNotStartedError
from processing.failures import FailureCode, PermanentError, RetryableError
from processing.worker.memory_limit import RESERVED_BYTES
from processing.worker.protocol import (
    ProtocolError,
    RenderRequest,
    WorkerSettings,
    inspect_line,
    parse_reply,
    render_line,
)

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
    """

    def __init__(self, settings: Settings, start: StartWorker = Worker) -> None:
        self.size = max(1, min(settings.memory_mb // MB_PER_VCPU, os.cpu_count() or 1))
        self.estimate = DurationEstimate()
        photos_mb = settings.memory_mb - FUNCTION_MB - SLACK_MB - self.size * WORKER_MB
        self._memory = ByteBudget(max(photos_mb, settings.memory_mb // 4) * MB, "memory")
        self._photo_timeout_seconds = settings.photo_timeout_seconds
        self._start = partial(start, WorkerSettings(settings.render, self._memory.total_bytes))
        self._free: queue.LifoQueue[Worker] = queue.LifoQueue()
        for _ in range(self.size):
            self._free.put(self._start())

    def render(self, request: RenderRequest, deadline: Deadline, stopwatch: Stopwatch) -> None:
        """Render one photo; when its worker is lost, try once more in a new one, with all the memory.

        The stopwatch measures the time in the worker as `process`, without waiting for one.

        Raises:
            PermanentError: the photo is invalid, or ended its worker twice.
            RetryableError: `out-of-time`, `disk-full`, `internal-error`.
        """
        worker = self._take(deadline)
        try:
            for alone in (False, True):
                worker = self._alive(worker)
                try:
                    return self._try(worker, request, deadline, stopwatch, alone=alone)
                except WorkerLostError as lost:
                    if alone:
                        raise PermanentError(lost.code, lost.detail) from lost
                    logger.warning("Worker lost", code=lost.code, detail=lost.detail)
        finally:
            with suppress(OSError):  # when a lost worker cannot be replaced now, the next photo's thread tries again
                worker = self._alive(worker)
            self._free.put(worker)

    def _try(
        self, worker: Worker, request: RenderRequest, deadline: Deadline, stopwatch: Stopwatch, *, alone: bool
    ) -> None:
        ask = partial(self._ask, worker, deadline, stopwatch)
        needed_bytes = ask(inspect_line(request.source), "memory_bytes")
        if needed_bytes > self._memory.total_bytes:
            raise PermanentError(FailureCode.OUT_OF_MEMORY, f"needs about {needed_bytes // MB} MB to be decoded")
        with self._memory.reserve(self._memory.total_bytes if alone else needed_bytes, deadline):
            self.estimate.require_render(deadline)
            ask(render_line(request), "rendered")

    def _ask(self, worker: Worker, deadline: Deadline, stopwatch: Stopwatch, request: bytes, field: str) -> int:
        """Ask within the photo's timeout; when the deadline comes first, the photo is retried."""
        limit = min(self._photo_timeout_seconds, deadline.seconds_left)
        try:
            with stopwatch.measure("process"):
                return _parsed(worker, worker.ask(request, limit), field)
        except WorkerLostError as lost:
            if lost.code is FailureCode.TOO_SLOW and limit < self._photo_timeout_seconds:
                raise RetryableError(FailureCode.OUT_OF_TIME, "the batch's time ran out") from lost
            raise
        except WorkerNotStartedError as error:
            raise RetryableError(FailureCode.INTERNAL_ERROR, f"no worker could be started: {error}") from error

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
        return self._start()

    def stop(self) -> None:
        """Stop the workers that are free."""
        while not self._free.empty():
            self._free.get_nowait().stop()


def _parsed(worker: Worker, reply: bytes, field: str) -> int:
    """Parse a reply; stop a worker that ran out of memory or broke the protocol."""
    try:
        return parse_reply(reply, field)
    except ProtocolError as error:
        worker.stop()
        raise WorkerLostError(FailureCode.DECODER_CRASHED, "sent an invalid reply") from error
    except PermanentError as error:
        if error.code is not FailureCode.OUT_OF_MEMORY:
            raise
        worker.stop()
        raise WorkerLostError(error.code, error.detail) from error
