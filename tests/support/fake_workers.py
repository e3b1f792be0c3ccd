"""Stand-ins for the worker pool where isolation is not tested: outputs show what they were made from."""

import threading
import time

from handlers.admission import DurationEstimate
from handlers.photo_files import PhotoFiles
from handlers.time_budget import Deadline, Stopwatch
from processing.layout import Layout, PhotoReport

LAYOUT = Layout(sizes={"large.jpg": (1200, 900), "small.jpg": (300, 225)}, thumb_hash="1QcSHQRnh493V4dIh4eXh1h4kJUI")


def copied(key: str, source: bytes, mark: str) -> bytes:
    """Return the output that these workers make of a source under an output key."""
    return f"{key.rpartition('/')[2]} {mark} ".encode() + source


class CopyingWorkers:
    """Makes each output from its name, the mark and the source's bytes: the same from the same, as real workers do."""

    size = 1

    def __init__(self) -> None:
        self.estimate = DurationEstimate()

    def render(self, photo: PhotoFiles, mark: str, deadline: Deadline, stopwatch: Stopwatch) -> PhotoReport:
        with stopwatch.measure("process"):
            for name, output in photo.outputs.items():
                output.seek(0)
                output.truncate()
                output.write(copied(name, content(photo), mark))
        return PhotoReport(layout=LAYOUT)

    def end_batch(self) -> None:
        pass

    def take_sandbox_report(self) -> dict[str, bool]:
        return {}


def content(photo: PhotoFiles) -> bytes:
    """Return the photo's bytes."""
    photo.source.seek(0)
    return photo.source.read()


class SlowWorkers(CopyingWorkers):
    """A worker that takes `seconds` for each photo."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._busy = threading.Lock()

    def render(self, photo: PhotoFiles, mark: str, deadline: Deadline, stopwatch: Stopwatch) -> PhotoReport:
        with self._busy, stopwatch.measure("process"):
            time.sleep(self._seconds)
        return super().render(photo, mark, deadline, stopwatch)


class FunctionCrashedError(BaseException):
    """Ends the whole function, as a crash does."""


class CrashingWorkers(CopyingWorkers):
    """Crashes the whole function when a photo contains `poison`."""

    def render(self, photo: PhotoFiles, mark: str, deadline: Deadline, stopwatch: Stopwatch) -> PhotoReport:
        if b"poison" in content(photo):
            raise FunctionCrashedError
        return super().render(photo, mark, deadline, stopwatch)
