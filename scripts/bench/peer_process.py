"""A peer as a child process that renders one photo at a time; its processor time and memory are read from outside."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from scripts.bench.measurements import BenchError, cpu_seconds, peak_bytes, resident_bytes
from scripts.cli.repository import REPOSITORY


class PeerError(BenchError):
    """A peer ended without an answer; the message quotes its log."""


class Usage(NamedTuple):
    """Processor time of all threads, and elapsed time."""

    cpu_seconds: float
    wall_seconds: float


@dataclass(frozen=True, kw_only=True)
class PeerJob:
    """One photo to render.

    Attributes:
        source: the photo.
        into: the folder for the renditions.
        reference: the folder with the reference renditions, see `reference.py`.
    """

    source: Path
    into: Path
    reference: Path


@dataclass(frozen=True, kw_only=True, eq=False)
class Peer:
    """A program that prints a line when ready and after each request.

    Attributes:
        name: in file names and JSON.
        title: in tables and the chart.
        command: program and arguments.
        request: makes the request line of a job.
        environment: the complete environment of the process.
        can_read: returns whether it can decode a photo, by file name.
        has_own_memory: False when it works through child processes.
    """

    name: str
    title: str
    command: tuple[str, ...]
    request: Callable[[PeerJob], bytes]
    environment: Mapping[str, str]
    can_read: Callable[[str], bool] = lambda _: True
    has_own_memory: bool = True


@dataclass(eq=False)
class PeerProcess:
    """A running peer; `start_peer` makes it."""

    peer: Peer
    pid: int
    requests: IO[bytes]
    answers: IO[bytes]
    log: Path
    cpu_seconds: float = 0.0

    def render(self, job: PeerJob) -> Usage:
        """Render one photo; work after the answer counts for the next one.

        Raises:
            PeerError: the peer ended or reported a failure.
        """
        start, cpu_before = time.monotonic(), self.cpu_seconds
        with suppress(BrokenPipeError):  # it has ended: the missing answer says so
            os.write(self.requests.fileno(), self.peer.request(job))
        self.read_line()
        return Usage(self.cpu_seconds - cpu_before, time.monotonic() - start)

    def read_line(self) -> None:
        """Wait for the peer's line.

        Raises:
            PeerError: it ended or reported a failure.
        """
        answer = self.answers.readline()
        if not answer or b'"failure"' in answer:
            wrote = answer.decode(errors="replace") + self.log.read_text(errors="replace")
            raise PeerError(f"{self.peer.title} failed: {wrote.strip()[-500:]}")
        self.cpu_seconds = cpu_seconds(self.pid)


@contextmanager
def start_peer(peer: Peer, logs: Path) -> Iterator[PeerProcess]:
    """Run a peer for the block; write its log below `logs`.

    Raises:
        PeerError: it did not start.
    """
    log = logs / f"{peer.name}.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            peer.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=dict(peer.environment),
            cwd=REPOSITORY,
        ) as process,
    ):
        assert process.stdin is not None  # noqa: S101 (for the type checker: it is a pipe)
        assert process.stdout is not None  # noqa: S101 (as above)
        running = PeerProcess(peer, process.pid, process.stdin, process.stdout, log)
        try:
            running.read_line()
            yield running
        finally:
            process.kill()


def measure_peak(peer: Peer, job: PeerJob, logs: Path) -> tuple[int, int]:
    """Render one photo in a new process; return its memory before and at most.

    Pages of mapped files count while they are resident.
    """
    with start_peer(peer, logs) as process:
        ready_bytes = resident_bytes(process.pid)
        process.render(job)
        return ready_bytes, peak_bytes(process.pid)
