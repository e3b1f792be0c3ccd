"""Stands in for the worker pool where isolation is not the point: outputs that tell what they were made from."""

from handlers.deadline import Deadline
from handlers.stopwatch import Stopwatch
from processing.keys import output_keys
from processing.rendered import Rendered
from processing.worker_protocol import RenderRequest


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
