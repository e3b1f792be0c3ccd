"""Stand-ins for the worker pool where isolation is not tested: outputs show what they were made from."""

import threading
import time
from collections.abc import Sequence

from handlers.admission import DurationEstimate
from handlers.time_budget import Deadline, Stopwatch
from processing.output_keys import output_keys
from processing.settings import Rendition
from processing.worker.protocol import RenderRequest
from tests.support.function_settings import FUNCTION_SETTINGS


def copied(key: str, source: bytes, mark: str) -> bytes:
    """Return the output that these workers make of a source under an output key."""
    return f"{key.rpartition('/')[2]} {mark} ".encode() + source


class CopyingWorkers:
    """Makes each output from its name, the mark and the source's bytes: the same from the same, as real workers do."""

    size = 1

    def __init__(self, renditions: Sequence[Rendition] = FUNCTION_SETTINGS.render.renditions) -> None:
        self.estimate = DurationEstimate()
        self._output_names = [key.removeprefix("/") for key in output_keys("", renditions)]

    def render(self, request: RenderRequest, deadline: Deadline, stopwatch: Stopwatch) -> None:
        with stopwatch.measure("process"):
            for name in self._output_names:
                (request.into / name).write_bytes(copied(name, request.source.read_bytes(), request.mark))


class SlowWorkers(CopyingWorkers):
    """A worker that takes `seconds` for each photo."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._busy = threading.Lock()

    def render(self, request: RenderRequest, deadline: Deadline, stopwatch: Stopwatch) -> None:
        with self._busy, stopwatch.measure("process"):
            time.sleep(self._seconds)
        super().render(request, deadline, stopwatch)


class FunctionCrashedError(BaseException):
    """Ends the whole function, as a crash does."""


class CrashingWorkers(CopyingWorkers):
    """Crashes the whole function when a photo contains `poison`."""

    def render(self, request: RenderRequest, deadline: Deadline, stopwatch: Stopwatch) -> None:
        if b"poison" in request.source.read_bytes():
            raise FunctionCrashedError
        super().render(request, deadline, stopwatch)
