"""Runs one worker as a child process, so that a decoder that crashes, hangs or runs out of memory fails one photo.

By subprocess and pipes: Lambda has no /dev/shm, so multiprocessing's Pool and Queue fail there.
"""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress

from processing.failures import FailureCode
from processing.worker.memory_limit import ALLOCATOR_SETTINGS
from processing.worker.protocol import WorkerSettings

WORKER_MODULE = "processing.worker"
# Variables that a decoder needs; AWS credentials are not among them.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "TZ")
_START_TIMEOUT_SECONDS = 30.0
_END_TIMEOUT_SECONDS = 1.0  # between the end of its pipe and the end of the process
_READ_BYTES = 65_536
_MAX_REPLY_BYTES = 1_000_000  # a reply has some hundred bytes; more must not fill this process's memory


class WorkerNotStartedError(Exception):
    """The worker never became ready: a fault of the deployment, not of the photo."""


class WorkerLostError(Exception):
    """The worker ended without a reply.

    Attributes:
        code: `decoder-crashed`, `too-slow` or `out-of-memory`.
    """

    def __init__(self, code: FailureCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Worker:
    """A running worker process; replies to one request at a time. Its start does not wait until it is ready.

    Args:
        settings: sent to it once, at its start.
        module: the module that it runs.
    """

    def __init__(self, settings: WorkerSettings, module: str = WORKER_MODULE) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, settings.as_argument()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=worker_environment(os.environ),
            bufsize=0,
        )
        self._pending = b""
        self._is_ready = False

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: bytes, timeout_seconds: float) -> bytes:
        """Send one request line and return the reply line.

        Raises:
            WorkerLostError: it ended or took too long; this worker cannot be used again.
            WorkerNotStartedError: it never became ready; likewise.
        """
        self._wait_until_ready()
        try:
            assert self._process.stdin is not None  # noqa: S101 (for the type checker: we asked for a pipe)
            self._process.stdin.write(request)
        except BrokenPipeError:
            raise self._lost() from None
        return self._read_line(timeout_seconds)

    def stop(self) -> None:
        """Kill the process and wait until it has ended."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def _wait_until_ready(self) -> None:
        if self._is_ready:
            return
        try:
            self._read_line(_START_TIMEOUT_SECONDS)
        except WorkerLostError as lost:
            raise WorkerNotStartedError(lost.detail) from lost
        self._is_ready = True

    def _read_line(self, timeout_seconds: float) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 (as above)
        end = time.monotonic() + timeout_seconds
        poll = select.poll()
        poll.register(self._process.stdout, select.POLLIN)
        while b"\n" not in self._pending:
            if not poll.poll(max(0.0, end - time.monotonic()) * 1000):
                self.stop()
                raise WorkerLostError(FailureCode.TOO_SLOW, f"took longer than {timeout_seconds:.0f} s")
            chunk = self._process.stdout.read(_READ_BYTES)
            if not chunk or len(self._pending) > _MAX_REPLY_BYTES:
                raise self._lost()
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _lost(self) -> WorkerLostError:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_TIMEOUT_SECONDS)
        return_code = self._process.poll()
        self.stop()
        if return_code == -signal.SIGKILL:  # only the kernel sends it to a worker
            return WorkerLostError(FailureCode.OUT_OF_MEMORY, "killed by the kernel")
        return WorkerLostError(FailureCode.DECODER_CRASHED, f"ended by {_ending(self._process.returncode)}")


def worker_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return a worker's environment: an allow-list, the allocator's settings, this process's import path."""
    passed_on = {name: environment[name] for name in _PASSED_ON if name in environment}
    return passed_on | ALLOCATOR_SETTINGS | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _ending(return_code: int) -> str:
    return f"signal {-return_code}" if return_code < 0 else f"exit status {return_code}"
