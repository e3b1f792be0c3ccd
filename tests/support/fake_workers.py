"""Stands in for the worker pool where isolation is not the point: outputs that tell what they were made from."""

import threading
import time

from handlers.stopwatch import Stopwatch
from handlers.time_budget import Deadline
from processing.images.rendered import Rendered
from processing.output_keys import output_keys
from processing.worker.protocol import RenderRequest


def copied(key: str, source: bytes, mark: str) -> bytes:
    """What becomes of a source under an output key."""
    return f"{key.rpartition('/')[2]} {mark} ".encode() + source


class CopyingWorkers:
    """Makes each output from its name, the mark and the source's bytes: like the real ones, the same from the same."""

    size = 1

    def render(self, request: RenderRequest, deadline: Deadline, stopwatch: Stopwatch) -> Rendered:
        with stopwatch.measure("process"):
            for key in output_keys("", request.settings.renditions):
                output = copied(key, request.source.read_bytes(), request.mark)
                (request.into / key.removeprefix("/")).write_bytes(output)
        return Rendered(source_format="jpeg", source_width_px=1, source_height_px=1, files=())


class SlowWorkers(CopyingWorkers):
    """One worker that takes its time for each photo."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._place = threading.Lock()

    def render(self, request: RenderRequest, deadline: Deadline, stopwatch: Stopwatch) -> Rendered:
        with self._place, stopwatch.measure("process"):
            time.sleep(self._seconds)
        return super().render(request, deadline, stopwatch)


class DiedError(BaseException):
    """The whole function was killed."""


class MortalWorkers(CopyingWorkers):
    """A photo of poison takes the whole function with it."""

    def render(self, request: RenderRequest, deadline: Deadline, stopwatch: Stopwatch) -> Rendered:
        if b"poison" in request.source.read_bytes():
            raise DiedError
        return super().render(request, deadline, stopwatch)
