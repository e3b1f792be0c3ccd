"""Renders hostile files with a real worker, as the function would, and judges what comes out."""

import re
import tempfile
from pathlib import Path

from PIL import Image

from handlers.admission import Pace
from handlers.stopwatch import Stopwatch
from handlers.time_budget import Deadline
from handlers.worker_pool import WorkerPool
from handlers.worker_process import Worker
from processing.failures import DarkroomError, Family
from processing.worker.protocol import RenderRequest
from tests.support.rendering import SETTINGS, opened

PROCESSED = "processed"
# A failure's detail becomes a line of the digest; in it there must be no path, trace, address or control character.
_LEAK = re.compile(r"/|\\|Traceback|File \"|0x[0-9a-f]{6}|[^ -~]")
_MAX_DETAIL = 200


class Judge:
    """Renders one file after the other.

    Args:
        photo_timeout_seconds: wall-clock limit of a file.

    Attributes:
        folder: with the outputs of the last file.
        started: the workers so far; more than one means that a file took one down.
    """

    def __init__(self, photo_timeout_seconds: float) -> None:
        self.started: list[Worker] = []
        self._timeout_seconds = photo_timeout_seconds
        self._pool = WorkerPool(1769, photo_timeout_seconds, Pace(), self._start)
        self._home = tempfile.TemporaryDirectory(prefix="judgement-")
        self.folder = Path(self._home.name)

    def _start(self, memory_limit_bytes: int) -> Worker:
        self.started.append(Worker(memory_limit_bytes))
        return self.started[-1]

    def outcome(self, data: bytes) -> str:
        """`processed`, or the failure code.

        Raises:
            AssertionError: it is none of those that may be: retryable, or with a leak, or without its outputs.
        """
        for old in self.folder.iterdir():
            old.unlink()
        (self.folder / "source").write_bytes(data)
        deadline = Deadline.after(10 * self._timeout_seconds)
        try:
            self._pool.render(RenderRequest(self.folder / "source", self.folder, SETTINGS), deadline, Stopwatch())
        except DarkroomError as failure:
            assert_fit_for_a_digest(failure)
            return failure.code
        self._assert_outputs()
        return PROCESSED

    def largest(self) -> Image.Image:
        """The largest rendition of the last file."""
        return opened(self.folder / "large.jpg")

    def _assert_outputs(self) -> None:
        assert (self.folder / "document.pdf").read_bytes().startswith(b"%PDF-")
        for rendition in SETTINGS.renditions:
            picture = opened(self.folder / f"{rendition.name}.jpg")
            assert picture.format == "JPEG"
            assert max(picture.size) <= rendition.box_px

    def close(self) -> None:
        self._pool.stop()
        self._home.cleanup()


def assert_fit_for_a_digest(failure: DarkroomError) -> None:
    """A bad file fails for good, in one short line that tells nothing of this machine."""
    assert failure.code.family is Family.PERMANENT, failure
    assert not _LEAK.search(failure.detail), failure
    assert len(failure.detail) <= _MAX_DETAIL, failure
