"""The peers as child processes: Darkroom's worker, and other programs that make the same renditions.

A peer renders one photo at a time; its processor time and memory are read from outside.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psutil

from processing.output_formats import AVIF, JPEG, WEBP
from processing.output_keys import output_names
from processing.renditions import Rendition, parse_renditions
from processing.settings import DEFAULT_AVIF_EFFORT, Limits, RenderSettings
from processing.worker.files import WorkerFiles
from processing.worker.memory_limit import ALLOCATOR_SETTINGS
from processing.worker.protocol import WorkerSettings, render_line
from scripts.bench.measurements import Usage, cpu_seconds, peak_bytes
from scripts.cli.errors import OperatorError
from scripts.cli.repository import REPOSITORY

RENDITIONS = parse_renditions("large:1200:80,medium:600:80,small:300:80")
# Smaller, because an AVIF of 1200 pixels takes a second. The qualities are those of equal SSIM: see `_QUALITIES`.
OUTPUT_RENDITIONS = {
    WEBP: parse_renditions("medium:600:80:webp,small:300:80:webp"),
    AVIF: parse_renditions("medium:600:52:avif,small:300:52:avif"),
}
DARKROOM, FLOOR = "darkroom", "floor"
SHARP_CLONE, SHARP_CHAIN, PILLOW = "sharp-clone", "sharp-chain", "pillow"
PEERS = Path(__file__).with_name("peers")
# Beside the quality. AVIF has Darkroom's effort; sharp's own default, 4, takes several times as long.
_OPTIONS: Mapping[tuple[str, str], Mapping[str, object]] = {
    (PILLOW, JPEG): {"optimize": True},
    (SHARP_CHAIN, AVIF): {"effort": DEFAULT_AVIF_EFFORT},
    (PILLOW, AVIF): {"speed": 9 - DEFAULT_AVIF_EFFORT},
}
# By rendition, for an SSIM within 0.002 of Darkroom's, where the same quality gives another one.
_QUALITIES = {(PILLOW, WEBP): (79, 80), (PILLOW, AVIF): (53, 53)}
_PYTHON = (sys.executable, "-P", "-m", "scripts.bench.peers.python_peers")
_SHARP = (shutil.which("node") or "node", str(PEERS / "sharp_peers.mjs"))
_COMMANDS = {
    SHARP_CHAIN: ("sharp, chained", (*_SHARP, "chain")),
    SHARP_CLONE: ("sharp, clone() per size", (*_SHARP, "clone")),
    PILLOW: ("Pillow, as in tutorials", (*_PYTHON, "pillow")),
}
_ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "PYTHONPATH": str(REPOSITORY)}


class PeerJob(NamedTuple):
    """A photo to render: the photo, a folder for its renditions, and the folder with its reference renditions."""

    source: Path
    into: Path
    reference: Path


def request_as_json(job: PeerJob) -> bytes:
    """Return the request line of the peers that are not Darkroom."""
    return json.dumps({name: str(path) for name, path in job._asdict().items()}).encode() + b"\n"


class Peer(NamedTuple):
    """A program that prints a line when ready and after each request.

    Attributes:
        name: in file names and JSON.
        title: in tables and the chart.
        command: program and arguments.
        request: makes the request line of a job.
        environment: the complete environment of the process.
        prepare: returns the peer to start, with the files that it needs while it runs.
        descriptors: of files that it inherits.
        collect: stores the renditions of a job in its folder, if the peer does not.
        renditions: that it makes.
    """

    name: str
    title: str
    command: tuple[str, ...]
    request: Callable[[PeerJob], bytes] = request_as_json
    environment: Mapping[str, str] = _ENVIRONMENT
    prepare: "Callable[[Peer], AbstractContextManager[Peer]]" = nullcontext
    descriptors: Sequence[int] = ()
    collect: Callable[[PeerJob], None] = lambda _: None
    renditions: tuple[Rendition, ...] = RENDITIONS


def darkroom(renditions: tuple[Rendition, ...] = RENDITIONS) -> Peer:
    """Return the worker process, with its environment on Lambda."""
    return Peer(
        DARKROOM,
        "Darkroom",
        (sys.executable, "-P", "-m", "processing.worker"),
        environment=_ENVIRONMENT | ALLOCATOR_SETTINGS,
        prepare=_open_worker_files,
        renditions=renditions,
    )


@contextmanager
def _open_worker_files(peer: Peer) -> Iterator[Peer]:
    """Make the files through which a worker gets photos and returns outputs, as the function does."""
    limits = Limits(max_bytes=400_000_000, max_pixels=200_000_000, max_pages=1000)
    settings = WorkerSettings(RenderSettings(peer.renditions, limits))
    with closing(WorkerFiles(settings)) as files, files.open_for_worker(settings) as described:

        def request(job: PeerJob) -> bytes:
            with job.source.open("rb") as photo:
                return render_line(files.put_source(photo))

        def collect(job: PeerJob) -> None:
            with ExitStack() as outputs:
                names = output_names(peer.renditions)
                files.take_outputs([outputs.enter_context((job.into / name).open("w+b")) for name in names])

        command = (*darkroom().command, described.as_argument())  # `peer` may be prepared already
        yield peer._replace(command=command, request=request, collect=collect, descriptors=described.descriptors)


def list_peers() -> list[Peer]:
    """Return all peers, Darkroom first; those in Python use its libvips and its Pillow."""
    return [
        darkroom(),
        Peer(FLOOR, "floor: libjpeg-turbo alone", (*_PYTHON, "floor", "{}")),
        _peer(SHARP_CHAIN, RENDITIONS),
        _peer(SHARP_CLONE, RENDITIONS),
        Peer("libvips", "libvips, thumbnail per size", (*_PYTHON, "libvips", "{}")),
        _peer(PILLOW, RENDITIONS),
    ]


def list_output_peers(output_format: str) -> list[Peer]:
    """Return the peers that write a format, Darkroom first."""
    renditions = OUTPUT_RENDITIONS[output_format]
    return [darkroom(renditions), _peer(SHARP_CHAIN, renditions), _peer(PILLOW, renditions)]


def _peer(name: str, renditions: tuple[Rendition, ...]) -> Peer:
    title, command = _COMMANDS[name]
    output_format = renditions[0].format
    qualities = _QUALITIES.get((name, output_format), [rendition.quality for rendition in renditions])
    outputs = {
        "suffix": Path(renditions[0].file_name).suffix[1:],
        "options": _OPTIONS.get((name, output_format), {}),
        "sizes": [(r.name, r.box_px, quality) for r, quality in zip(renditions, qualities, strict=True)],
    }
    return Peer(name, title, (*command, json.dumps(outputs)), renditions=renditions)


@dataclass(eq=False)
class PeerProcess:
    """A running peer; `start_peer` makes it."""

    peer: Peer
    process: psutil.Popen
    log: Path
    cpu_seconds: float = 0.0

    def render(self, job: PeerJob) -> Usage:
        """Render one photo; work after the answer counts for the next one."""
        start, cpu_before = time.monotonic(), self.cpu_seconds
        with suppress(BrokenPipeError):  # it has ended: the missing answer says so
            os.write(self.process.stdin.fileno(), self.peer.request(job))
        self.read_line()
        self.peer.collect(job)
        return Usage(self.cpu_seconds - cpu_before, time.monotonic() - start)

    def read_line(self) -> None:
        """Wait for the peer's line.

        Raises:
            OperatorError: it ended or reported a failure.
        """
        answer = self.process.stdout.readline()
        if not answer or b'"failure"' in answer:
            wrote = answer.decode(errors="replace") + self.log.read_text(errors="replace")
            raise OperatorError(f"{self.peer.title} failed: {wrote.strip()[-500:]}")
        self.cpu_seconds = cpu_seconds(self.process.pid)


@contextmanager
def start_peer(peer: Peer, logs: Path) -> Iterator[PeerProcess]:
    """Run a peer for the block; write its log below `logs`."""
    log, pipe, environment = logs / f"{peer.name}.log", subprocess.PIPE, dict(peer.environment)
    with (
        log.open("wb") as errors,
        peer.prepare(peer) as prepared,
        psutil.Popen(
            prepared.command,
            stdin=pipe,
            stdout=pipe,
            stderr=errors,
            env=environment,
            cwd=REPOSITORY,
            pass_fds=prepared.descriptors,
        ) as process,
    ):
        running = PeerProcess(prepared, process, log)
        try:
            running.read_line()
            yield running
        finally:
            process.kill()


def measure_peak(peer: Peer, job: PeerJob, logs: Path) -> int:
    """Render one photo in a new process; return its highest memory."""
    with start_peer(peer, logs) as running:
        running.render(job)
        return peak_bytes(running.process.pid)
