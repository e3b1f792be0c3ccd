"""Runs one worker as a child process, so that a decoder that crashes, hangs or is exploited harms one photo.

By subprocess and pipes: Lambda has no /dev/shm, so multiprocessing's Pool and Queue fail there.
"""

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from processing.failures import FailureCode
from processing.worker.files import OutputSizeError, WorkerFiles
from processing.worker.memory_limit import ALLOCATOR_SETTINGS
from processing.worker.protocol import ProtocolError, WorkerSettings, parse_ready
from processing.worker.sandbox import REQUIRED_LAYERS

WORKER_MODULE = "processing.worker"
# Variables that a decoder needs; AWS credentials are not among them.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "TZ")
_START_TIMEOUT_SECONDS = 30.0
_END_TIMEOUT_SECONDS = 1.0  # between the end of its pipe and the end of the process
_READ_BYTES = 65_536
_MAX_REPLY_BYTES = 1_000_000  # a reply has some hundred bytes; more must not fill this process's memory
_MAX_ERROR_BYTES = 2_000  # of what a lost worker wrote to stderr
_NO_MEMORY_LEFT = "failed to allocate"  # GLib, which then ends the process; both codes are permanent failures
_ORPHAN_ROUNDS = 10  # killing one makes orphans of its children
_PROCESSES = Path("/proc")
# proc(5): an orphan that can open nothing was left behind by a worker. It can change neither.
_NOTHING_TO_OPEN = re.compile(r"^Max open files +0 +0 ", re.MULTILINE)


class WorkerNotStartedError(Exception):
    """The worker never became ready: a fault of the deployment, not of the photo.

    Attributes:
        errors: the end of what it wrote to stderr.
    """

    def __init__(self, detail: str, errors: str = "") -> None:
        super().__init__(detail)
        self.errors = errors


class WorkerLostError(Exception):
    """The worker ended without a reply, or broke the rules and was stopped.

    Attributes:
        code: `decoder-crashed`, `too-slow` or `out-of-memory`.
        errors: the end of what it wrote to stderr, which a hostile worker chooses.
    """

    def __init__(self, code: FailureCode, detail: str, errors: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = errors


class Worker:
    """A running worker process; replies to one request at a time. Its start does not wait until it is ready.

    Args:
        settings: sent to it once, at its start.
        module: the module that it runs.

    Attributes:
        sandbox: which layers of its sandbox hold; empty until it is ready.
        photos: how many it was given.
    """

    def __init__(self, settings: WorkerSettings, module: str = WORKER_MODULE) -> None:
        self.sandbox: dict[str, bool] = {}
        self.photos = 0
        self._pending = b""
        self._is_stopped = False
        self._files = WorkerFiles(settings)
        # Not this process's stderr, which is the function's log: a line of its own there could even be a metric.
        self._errors = self._files.make_file()
        try:
            with self._files.open_for_worker(settings) as with_files:
                self._process = self._start(with_files, module)
        except OSError:
            self._files.close()
            raise

    def _start(self, settings: WorkerSettings, module: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module, settings.as_argument()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            pass_fds=settings.descriptors,
            env=worker_environment(os.environ),
            bufsize=0,
            process_group=0,
        )

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def put_source(self, photo: IO[bytes]) -> int:
        """Copy a photo to the worker.

        Returns:
            Its size in bytes.

        Raises:
            WorkerNotStartedError: it never became ready; this worker cannot be used again.
        """
        self._wait_until_ready()
        self.photos += 1
        return self._files.put_source(photo)

    def take_outputs(self, into: Iterable[IO[bytes]]) -> None:
        """Copy the outputs of the photo that was rendered.

        Raises:
            WorkerLostError: their sizes are impossible; this worker cannot be used again.
        """
        try:
            self._files.take_outputs(into)
        except OutputSizeError as error:
            raise self.reject(str(error)) from error

    def forget_photo(self) -> None:
        """Remove the photo and its outputs from the worker's files."""
        if self.is_alive:
            self._files.clear()

    def reject(self, detail: str) -> WorkerLostError:
        """Stop a worker that broke the rules; return the error to raise."""
        errors = self._last_errors()
        self.stop()
        return WorkerLostError(FailureCode.DECODER_CRASHED, detail, errors)

    def ask(self, request: bytes, timeout_seconds: float) -> bytes:
        """Send one request line and return the reply line.

        Raises:
            WorkerLostError: it ended or took too long; this worker cannot be used again.
            WorkerNotStartedError: it never became ready; likewise.
        """
        self._wait_until_ready()
        if self._pending or self._is_readable(0):
            raise self.reject("sent a reply before it was asked")
        try:
            assert self._process.stdin is not None  # noqa: S101 (for the type checker: we asked for a pipe)
            self._process.stdin.write(request)
        except BrokenPipeError:
            raise self._lost() from None
        return self._read_line(timeout_seconds)

    def stop(self) -> None:
        """Kill the process and all that it started, and wait until it has ended."""
        if self._is_stopped:  # by now its number may be another process's
            return
        self._is_stopped = True
        with suppress(ProcessLookupError, PermissionError):  # macOS: no permission for a group that has ended
            os.killpg(self._process.pid, signal.SIGKILL)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()
        self._files.close()
        kill_orphans()

    def _wait_until_ready(self) -> None:
        if self.sandbox:
            return
        try:
            self.sandbox = parse_ready(self._read_line(_START_TIMEOUT_SECONDS))
        except WorkerLostError as lost:
            raise WorkerNotStartedError(lost.detail, lost.errors) from lost
        except ProtocolError as error:
            self.stop()
            raise WorkerNotStartedError("its first line was invalid") from error
        missing = [layer for layer in REQUIRED_LAYERS if not self.sandbox.get(layer)]
        if missing and sys.platform == "linux":
            self.stop()
            raise WorkerNotStartedError(f"its sandbox does not hold: {', '.join(missing)}")

    def _read_line(self, timeout_seconds: float) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 (as above)
        end = time.monotonic() + timeout_seconds
        while b"\n" not in self._pending:
            if not self._is_readable(max(0.0, end - time.monotonic())):
                errors = self._last_errors()
                self.stop()
                raise WorkerLostError(FailureCode.TOO_SLOW, f"took longer than {timeout_seconds:.0f} s", errors)
            chunk = self._process.stdout.read(_READ_BYTES)
            if not chunk or len(self._pending) > _MAX_REPLY_BYTES:
                raise self._lost()
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _is_readable(self, timeout_seconds: float) -> bool:
        assert self._process.stdout is not None  # noqa: S101 (as above)
        poll = select.poll()
        poll.register(self._process.stdout, select.POLLIN)
        return bool(poll.poll(timeout_seconds * 1000))

    def _lost(self) -> WorkerLostError:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_TIMEOUT_SECONDS)
        return_code, errors = self._process.poll(), self._last_errors()
        self.stop()
        if return_code == -signal.SIGKILL:  # only the kernel sends it to a worker
            return WorkerLostError(FailureCode.OUT_OF_MEMORY, "killed by the kernel", errors)
        if _NO_MEMORY_LEFT in errors:
            return WorkerLostError(FailureCode.OUT_OF_MEMORY, "the memory limit was reached", errors)
        return WorkerLostError(FailureCode.DECODER_CRASHED, f"ended by {_ending(self._process.returncode)}", errors)

    def _last_errors(self) -> str:
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - _MAX_ERROR_BYTES))
        return (self._errors.read(_MAX_ERROR_BYTES) or b"").decode(errors="replace")


def worker_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return a worker's environment: an allow-list, the allocator's settings, this process's import path."""
    passed_on = {name: environment[name] for name in _PASSED_ON if name in environment}
    return passed_on | ALLOCATOR_SETTINGS | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def kill_orphans() -> None:
    """Kill processes that workers left behind outside of their process group."""
    if os.getpid() == 1:  # then living workers look like orphans
        return
    for _ in range(_ORPHAN_ROUNDS):
        orphans = [folder for folder in _PROCESSES.glob("[0-9]*") if _is_orphan(folder)]
        for orphan in orphans:
            with suppress(OSError):
                os.kill(int(orphan.name), signal.SIGKILL)
        if not orphans:
            return


def _is_orphan(process: Path) -> bool:
    with suppress(OSError):
        state, parent = (process / "stat").read_text().rpartition(")")[2].split()[:2]
        return state != "Z" and int(parent) <= 1 and bool(_NOTHING_TO_OPEN.search((process / "limits").read_text()))
    return False


def _ending(return_code: int) -> str:
    return f"signal {-return_code}" if return_code < 0 else f"exit status {return_code}"
