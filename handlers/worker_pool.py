"""As many workers as the function has vCPUs, and who may use them when."""

import os
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handlers.budget import Budget
from handlers.deadline import Deadline
from handlers.observability import logger
from handlers.worker import Worker, WorkerLostError
from processing.failures import FailureCode, PermanentError, RetryableError
from processing.header import inspect_header
from processing.rendered import Rendered
from processing.settings import RenderSettings
from processing.worker_protocol import parse_rendered, render_request

MB = 1024 * 1024
MB_PER_VCPU = 1769  # AWS Lambda Developer Guide, "Configure Lambda function memory"
# What the function itself and each worker take before the first photo, measured with libvips and boto3 imported.
FUNCTION_MB = 160
WORKER_MB = 70
PHOTO_MB = 60  # rows, codecs and the largest rendition of any photo; what its format needs beyond comes from its header


class WorkerPool:
    """Renders photos in child processes; a photo that takes its worker down fails alone.

    Args:
        memory_mb: the function's memory.
        photo_timeout_seconds: wall-clock limit of one photo.
    """

    def __init__(self, memory_mb: int, photo_timeout_seconds: float) -> None:
        size = max(1, min(memory_mb // MB_PER_VCPU, os.cpu_count() or 1))
        photos_mb = max(memory_mb - FUNCTION_MB - size * WORKER_MB, memory_mb // 4)
        self._memory = Budget(photos_mb * MB, "memory")
        self._photo_timeout_seconds = photo_timeout_seconds
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        for _ in range(size):
            self._idle.put(self._spawn())

    def render(self, source: Path, into: Path, settings: RenderSettings, deadline: Deadline) -> Rendered:
        """Renders one photo; on a crash, a hang or hunger it gets a second try, alone.

        Raises:
            PermanentError: the photo is bad, or took its worker down twice.
            RetryableError: `out-of-time`.
        """
        try:
            return self._try(source, into, settings, deadline, alone=False)
        except WorkerLostError as lost:
            logger.warning("A photo took its worker down", code=lost.code, detail=lost.detail)
        try:
            return self._try(source, into, settings, deadline, alone=True)
        except WorkerLostError as lost:
            raise PermanentError(lost.code, lost.detail) from lost

    def _try(self, source: Path, into: Path, settings: RenderSettings, deadline: Deadline, *, alone: bool) -> Rendered:
        request = render_request(source, into, settings)
        wanted_bytes = self._memory.total_bytes if alone else self._estimate(source, settings)
        with self._memory.reserve(wanted_bytes, deadline), self._borrow(deadline) as worker:
            reply = self._ask(worker, request, deadline)
        return parse_rendered(reply)

    def _estimate(self, source: Path, settings: RenderSettings) -> int:
        """Memory for one photo, from its header alone."""
        estimate_bytes = inspect_header(source, settings.limits).decode_bytes + PHOTO_MB * MB
        if estimate_bytes > self._memory.total_bytes:
            raise PermanentError(FailureCode.OUT_OF_MEMORY, f"needs about {estimate_bytes // MB} MB to be decoded")
        return estimate_bytes

    def _ask(self, worker: Worker, request: bytes, deadline: Deadline) -> bytes:
        """Asks within the photo's limit; a limit cut short by the batch's deadline is not the photo's fault."""
        limit = min(self._photo_timeout_seconds, deadline.seconds_left)
        try:
            return worker.ask(request, limit)
        except WorkerLostError as lost:
            if lost.code is FailureCode.TOO_SLOW and limit < self._photo_timeout_seconds:
                raise RetryableError(FailureCode.OUT_OF_TIME, "the batch's time ran out") from lost
            raise

    @contextmanager
    def _borrow(self, deadline: Deadline) -> Iterator[Worker]:
        """Lends an idle worker, replaced if the borrower lost it."""
        try:
            worker = self._idle.get(timeout=deadline.seconds_left)
        except queue.Empty:
            raise RetryableError(FailureCode.OUT_OF_TIME, "no worker became free in time") from None
        try:
            if not worker.is_alive:
                worker.stop()
                worker = self._spawn()
            yield worker
        finally:
            self._idle.put(worker if worker.is_alive else self._spawn())

    def _spawn(self) -> Worker:
        return Worker(self._memory.total_bytes)

    def stop(self) -> None:
        """Ends every idle worker."""
        while not self._idle.empty():
            self._idle.get_nowait().stop()
