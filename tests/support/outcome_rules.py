"""Renders hostile files with a real worker, as the function does, and checks the outcomes."""

import re
import tempfile
from pathlib import Path

from PIL import Image

from handlers.worker_pool import WorkerPool
from handlers.worker_process import Worker
from processing.failures import DarkroomError, Family
from processing.worker.protocol import WorkerSettings
from tests.support.function_settings import function_settings
from tests.support.rendering import SETTINGS, opened, render_in_worker

PROCESSED = "processed"
# A failure's detail becomes a line of the digest: no path, trace, address or control character may be in it.
_LEAK = re.compile(r"/|\\|Traceback|File \"|0x[0-9a-f]{6}|[^ -~]")
_MAX_DETAIL = 200


class WorkerHarness:
    """Renders one file after the other and checks each outcome.

    Args:
        photo_timeout_seconds: wall-clock limit of a file.

    Attributes:
        folder: with the outputs of the last file.
        started: the workers so far; more than one means that a file crashed one.
    """

    def __init__(self, photo_timeout_seconds: float) -> None:
        self.started: list[Worker] = []
        self._timeout_seconds = photo_timeout_seconds
        self._pool = WorkerPool(
            function_settings(render=SETTINGS, photo_timeout_seconds=photo_timeout_seconds), self._start
        )
        self._temporary = tempfile.TemporaryDirectory(prefix="harness-")
        self.folder = Path(self._temporary.name)

    def _start(self, settings: WorkerSettings) -> Worker:
        self.started.append(Worker(settings))
        return self.started[-1]

    def outcome(self, data: bytes) -> str:
        """Render a file; return `processed` or the failure code.

        Raises:
            AssertionError: the failure is retryable or its detail leaks a path, or outputs are missing.
        """
        for old in self.folder.iterdir():
            old.unlink()
        try:
            outputs = render_in_worker(self._pool, data, seconds=10 * self._timeout_seconds)
        except DarkroomError as failure:
            assert_reportable(failure)
            return failure.code
        for name, output in outputs.items():
            (self.folder / name).write_bytes(output)
        self._assert_outputs()
        return PROCESSED

    def largest(self) -> Image.Image:
        """Open the largest rendition of the last file."""
        return opened(self.folder / "large.jpg")

    def _assert_outputs(self) -> None:
        assert (self.folder / "document.pdf").read_bytes().startswith(b"%PDF-")
        for rendition in SETTINGS.renditions:
            picture = opened(self.folder / f"{rendition.name}.jpg")
            assert picture.format == "JPEG"
            assert max(picture.size) <= rendition.box_px

    def close(self) -> None:
        self._pool.stop()
        self._temporary.cleanup()


def assert_reportable(failure: DarkroomError) -> None:
    """Assert that a failure is permanent, and its detail short and without internals."""
    assert failure.code.family is Family.PERMANENT, failure
    assert not _LEAK.search(failure.detail), failure
    assert len(failure.detail) <= _MAX_DETAIL, failure
