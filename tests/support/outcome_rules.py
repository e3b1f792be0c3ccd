"""Renders hostile files with a real worker and checks how each ends."""

import re
import tempfile
from pathlib import Path

from PIL import Image

from handlers.time_budget import Deadline, Stopwatch
from handlers.worker_pool import WorkerPool
from handlers.worker_process import Worker
from processing.failures import DarkroomError, Family
from processing.worker.protocol import RenderRequest, WorkerSettings
from tests.support.function_settings import function_settings
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
        self._pool = WorkerPool(
            function_settings(render=SETTINGS, photo_timeout_seconds=photo_timeout_seconds), self._start
        )
        self._home = tempfile.TemporaryDirectory(prefix="judgement-")
        self.folder = Path(self._home.name)

    def _start(self, settings: WorkerSettings) -> Worker:
        self.started.append(Worker(settings))
        return self.started[-1]

    def outcome(self, data: bytes) -> str:
        """Return `processed` or the failure code.

        Raises:
            AssertionError: it is none of those that may be: retryable, or with a leak, or without its outputs.
        """
        for old in self.folder.iterdir():
            old.unlink()
        (self.folder / "source").write_bytes(data)
        deadline = Deadline.after(10 * self._timeout_seconds)
        try:
            self._pool.render(RenderRequest(self.folder / "source", self.folder), deadline, Stopwatch())
        except DarkroomError as failure:
            assert_fit_for_a_digest(failure)
            return failure.code
        self._assert_outputs()
        return PROCESSED

    def largest(self) -> Image.Image:
        """Return the largest rendition of the last file."""
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
    """Check that a failure is permanent and its detail one short line without paths or traces."""
    assert failure.code.family is Family.PERMANENT, failure
    assert not _LEAK.search(failure.detail), failure
    assert len(failure.detail) <= _MAX_DETAIL, failure
