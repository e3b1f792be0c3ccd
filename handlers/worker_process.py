"""One child process that decodes and encodes, so that a decoder's crash, hang or hunger costs one record.

A child, pipes and files: Lambda has no /dev/shm, so multiprocessing's Pool and Queue fail there.
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
from processing.worker.allocator import ALLOCATOR_SETTINGS

WORKER_MODULE = "processing.worker"
# What a decoder needs, and nothing else: above all no AWS credentials.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "TZ")
_START_TIMEOUT_SECONDS = 30.0
_END_TIMEOUT_SECONDS = 1.0  # between the end of its pipe and its own
_READ_BYTES = 65_536
_MAX_REPLY_BYTES = 1_000_000  # an answer has some hundred bytes; more is no answer, and must not fill our memory


class WorkerNotStartedError(Exception):
    """The worker never became ready: the deployment's fault, not the photo's."""


class WorkerLostError(Exception):
    """The worker gave no answer and is gone.

    Attributes:
        code: `decoder-crashed`, `too-slow` or `out-of-memory`.
    """

    def __init__(self, code: FailureCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Worker:
    """A running `processing.worker`; answers one request at a time. Starting does not wait for it to be ready.

    Args:
        memory_limit_bytes: address space that one photo may take beyond what the worker itself needs.
        module: what runs in it.
    """

    def __init__(self, memory_limit_bytes: int, module: str = WORKER_MODULE) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, str(memory_limit_bytes)],
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
        """Sends one line, waits for the line that answers it.

        Raises:
            WorkerLostError: it died or took too long; this worker is of no further use.
            WorkerNotStartedError: it never became ready; neither is this one.
        """
        self._wait_until_ready()
        try:
            assert self._process.stdin is not None  # noqa: S101 (for the type checker: we asked for a pipe)
            self._process.stdin.write(request)
        except BrokenPipeError:
            raise self._lost() from None
        return self._read_line(timeout_seconds)

    def stop(self) -> None:
        """Ends the process, whatever it is doing, and waits until it is gone."""
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
        if return_code == -signal.SIGKILL:  # nobody else kills a worker
            return WorkerLostError(FailureCode.OUT_OF_MEMORY, "killed by the kernel")
        return WorkerLostError(FailureCode.DECODER_CRASHED, f"ended by {_ending(self._process.returncode)}")


def worker_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a worker: an allow-list, the allocator's settings, and the import path of this process."""
    passed_on = {name: environment[name] for name in _PASSED_ON if name in environment}
    return passed_on | ALLOCATOR_SETTINGS | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _ending(return_code: int) -> str:
    return f"signal {-return_code}" if return_code < 0 else f"exit status {return_code}"
