"""As many workers as the function has vCPUs, and who may use them when."""

import os
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TypeVar

from handlers.admission import Pace
from handlers.byte_budget import Budget
from handlers.observability import logger
from handlers.stopwatch import Stopwatch
from handlers.time_budget import Deadline
from handlers.worker_process import Worker, WorkerLostError, WorkerNotStartedError
from processing.failures import FailureCode, PermanentError, RetryableError
from processing.images.rendered import Rendered
from processing.worker.memory_limit import RESERVED_BYTES
from processing.worker.protocol import (
    ProtocolError,
    RenderRequest,
    estimate_request,
    parse_estimate,
    parse_rendered,
    render_request,
)

T = TypeVar("T")

MB = 1024 * 1024
MB_PER_VCPU = 1769  # AWS Lambda Developer Guide, "Configure Lambda function memory"
# What the function itself and each worker take before the first photo, measured with libvips and botocore imported.
FUNCTION_MB = 160
WORKER_MB = 70
# The worker's limit is on address space, of which so much is hardly ever touched; a hungry one touches it all.
SLACK_MB = RESERVED_BYTES // MB


class WorkerPool:
    """Renders photos in child processes; a photo that takes its worker down fails alone.

    No byte of a stranger's file is read in this process, which holds the credentials: the header, too, is read by the
    worker, within the photo's time limit.

    Args:
        memory_mb: the function's memory.
        photo_timeout_seconds: wall-clock limit of one photo.
        pace: how long photos take.
        start: starts a worker that may take so many bytes for a photo.

    Attributes:
        size: how many photos are rendered at a time.
    """

    def __init__(
        self, memory_mb: int, photo_timeout_seconds: float, pace: Pace, start: Callable[[int], Worker] = Worker
    ) -> None:
        self.size = max(1, min(memory_mb // MB_PER_VCPU, os.cpu_count() or 1))
        photos_mb = max(memory_mb - FUNCTION_MB - SLACK_MB - self.size * WORKER_MB, memory_mb // 4)
        self._memory = Budget(photos_mb * MB, "memory")
        self._photo_timeout_seconds = photo_timeout_seconds
        self._pace = pace
        self._free: queue.LifoQueue[_Place] = queue.LifoQueue()
        for _ in range(self.size):
            self._free.put(_Place(partial(start, self._memory.total_bytes)))

    def render(self, request: RenderRequest, deadline: Deadline, stopwatch: Stopwatch) -> Rendered:
        """Renders one photo; on a crash, a hang or hunger it gets a second try, alone.

        Args:
            request: the photo, and what is to come out.
            deadline: when the batch's time is over.
            stopwatch: takes the time in the worker as `process`; waiting for one is not counted.

        Raises:
            PermanentError: the photo is bad, or took its worker down twice.
            RetryableError: `out-of-time`, `disk-full`, `internal-error`.
        """
        with self._borrow(deadline) as place:
            try:
                return self._try(place.worker(), request, deadline, stopwatch, alone=False)
            except WorkerLostError as lost:
                logger.warning("A photo took its worker down", code=lost.code, detail=lost.detail)
            try:
                return self._try(place.worker(), request, deadline, stopwatch, alone=True)
            except WorkerLostError as lost:
                raise PermanentError(lost.code, lost.detail) from lost

    def _try(
        self, worker: Worker, request: RenderRequest, deadline: Deadline, stopwatch: Stopwatch, *, alone: bool
    ) -> Rendered:
        ask = partial(self._ask, worker, deadline, stopwatch)
        needed_bytes = self._memory.total_bytes
        if not alone:
            needed_bytes = self._affordable(
                ask(estimate_request(request.source, request.settings.limits), parse_estimate)
            )
        with self._memory.reserve(needed_bytes, deadline):
            self._pace.require_render(deadline)
            return ask(render_request(request.source, request.into, request.settings, request.mark), parse_rendered)

    def _affordable(self, needed_bytes: int) -> int:
        if needed_bytes > self._memory.total_bytes:
            raise PermanentError(FailureCode.OUT_OF_MEMORY, f"needs about {needed_bytes // MB} MB to be decoded")
        return needed_bytes

    def _ask(
        self, worker: Worker, deadline: Deadline, stopwatch: Stopwatch, request: bytes, parse: Callable[[bytes], T]
    ) -> T:
        """Asks within the photo's limit; a limit cut short by the batch's deadline is not the photo's fault."""
        limit = min(self._photo_timeout_seconds, deadline.seconds_left)
        try:
            with stopwatch.measure("process"):
                return _understood(worker, worker.ask(request, limit), parse)
        except WorkerLostError as lost:
            if lost.code is FailureCode.TOO_SLOW and limit < self._photo_timeout_seconds:
                raise RetryableError(FailureCode.OUT_OF_TIME, "the batch's time ran out") from lost
            raise
        except WorkerNotStartedError as error:
            raise RetryableError(FailureCode.INTERNAL_ERROR, f"no worker could be started: {error}") from error

    @contextmanager
    def _borrow(self, deadline: Deadline) -> Iterator["_Place"]:
        """Lends a place that is free. It is given back whatever happens to the worker in it."""
        try:
            place = self._free.get(timeout=deadline.seconds_left)
        except queue.Empty:
            raise RetryableError(FailureCode.OUT_OF_TIME, "no worker became free in time") from None
        try:
            yield place
        finally:
            with suppress(OSError):  # if a lost worker cannot be replaced now, the next borrower tries again
                place.worker()
            self._free.put(place)

    def stop(self) -> None:
        """Ends the workers that nobody uses."""
        while not self._free.empty():
            self._free.get_nowait().stop()


class _Place:
    """One of the pool's places, and the worker in it."""

    def __init__(self, start: Callable[[], Worker]) -> None:
        self._start = start
        self._worker = start()

    def worker(self) -> Worker:
        """The worker; a new one if the last was lost."""
        if not self._worker.is_alive:
            self._worker.stop()
            self._worker = self._start()
        return self._worker

    def stop(self) -> None:
        self._worker.stop()


def _understood(worker: Worker, reply: bytes, parse: Callable[[bytes], T]) -> T:
    """Reads an answer; a worker that ran out of memory, or that talks nonsense, is of no further use."""
    try:
        return parse(reply)
    except ProtocolError as error:
        worker.stop()
        raise WorkerLostError(FailureCode.DECODER_CRASHED, "answered nonsense") from error
    except PermanentError as error:
        if error.code is not FailureCode.OUT_OF_MEMORY:
            raise
        worker.stop()
        raise WorkerLostError(error.code, error.detail) from error
