"""A peer as a running process: gets one photo at a time and is watched from outside; all are measured alike."""

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from scripts.bench.processes import cpu_seconds, forget_peak, peak_bytes, resident_bytes
from scripts.cli.repository import REPOSITORY


class ContenderError(Exception):
    """A peer did not start or did not answer; the message ends with what it wrote to its log."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One photo to render.

    Attributes:
        source: the photo.
        into: the folder for what comes out.
        reference: the folder with the reference renditions, see `reference.py`.
    """

    source: Path
    into: Path
    reference: Path


@dataclass(frozen=True, kw_only=True, eq=False)
class Peer:
    """Somebody who can do the job.

    Attributes:
        name: short, for files and JSON.
        title: for people.
        command: says that it is ready in one line on stdout, then answers each line on stdin with one line.
        request: the line that asks for a job.
        environment: all of it.
        can_read: which photos it can decode, by file name.
        spawns: works through child processes: its own memory says nothing.
    """

    name: str
    title: str
    command: tuple[str, ...]
    request: Callable[[Job], bytes]
    environment: Mapping[str, str]
    can_read: Callable[[str], bool] = lambda _: True
    spawns: bool = False


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What one job took: processor time of all its threads, and time on the clock."""

    cpu_seconds: float
    wall_seconds: float


class Contender:
    """A running peer.

    Args:
        process: just started.
        peer: whose process it is.
        log: where it writes its errors.

    Raises:
        ContenderError: it ended instead of saying that it is ready.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", peer: Peer, log: Path) -> None:
        self.pid = process.pid
        self._process = process
        self._peer = peer
        self._log = log
        self._read_line()
        self._cpu_seconds = cpu_seconds(self.pid)

    def render(self, job: Job) -> Usage:
        """Does one job.

        What a peer does behind its answer (freeing memory, collecting garbage) counts with its next job.

        Raises:
            ContenderError: it ended instead of answering.
        """
        assert self._process.stdin is not None  # noqa: S101 (for the type checker: we asked for a pipe)
        start = time.monotonic()
        with suppress(BrokenPipeError):  # it has ended: the line that it does not answer says so
            self._process.stdin.write(self._peer.request(job))
            self._process.stdin.flush()
        self._read_line()
        wall_seconds = time.monotonic() - start
        before, self._cpu_seconds = self._cpu_seconds, cpu_seconds(self.pid)
        return Usage(cpu_seconds=self._cpu_seconds - before, wall_seconds=wall_seconds)

    def resident_bytes(self) -> int:
        """Memory in use now."""
        return resident_bytes(self.pid)

    def peak_bytes(self) -> int:
        """Most memory since the start, or since `forget_peak`."""
        return peak_bytes(self.pid)

    def forget_peak(self) -> None:
        """Lets the peak count from now on."""
        forget_peak(self.pid)

    def _read_line(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 (as above)
        line = self._process.stdout.readline()
        if not line or b'"failure"' in line:
            self._process.kill()
            self._process.wait()
            wrote = line.decode(errors="replace") + self._log.read_text(errors="replace")
            raise ContenderError(f"{self._peer.title} failed: {wrote.strip()[-500:]}")


@contextmanager
def running(peer: Peer, logs: Path) -> Iterator[Contender]:
    """Runs a peer while the block runs.

    Args:
        peer: who.
        logs: the folder for its log.

    Raises:
        ContenderError: it did not start.
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
        try:
            yield Contender(process, peer, log)
        finally:
            process.kill()
