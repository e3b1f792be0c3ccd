"""Compare all peers photo by photo, in turn (A B A B), so that disturbances of the machine affect all of them alike."""

import itertools
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from scripts.bench.bench_settings import RENDITIONS
from scripts.bench.context import BenchContext
from scripts.bench.measurements import paired_ratio, say, spread
from scripts.bench.peer_list import DARKROOM, list_peers
from scripts.bench.peer_process import Peer, PeerError, PeerJob, PeerProcess, Usage, measure_peak, start_peer
from scripts.bench.photos import BenchPhoto, make_photos
from scripts.bench.reference import compare_with_reference, make_reference

_numbers = itertools.count()
# Photos that a peer renders in its turn: a service renders many in a row, with the processor's caches to itself, and
# the kernel counts processor time in steps of 10 ms.
BURST = 3


def measure_versus(context: BenchContext) -> dict[str, Any]:
    """Compare all peers; return the part `versus` of the results."""
    amount, peers = context.amount, list(list_peers())
    return {
        "rounds": amount.rounds,
        "titles": {peer.name: peer.title for peer in peers},
        "photos": {photo.name: photo.title for photo in amount.versus},
        "scores": compare_peers(peers, make_photos(amount.versus), context.folder, rounds=amount.rounds),
        "missing": [] if shutil.which("vipsthumbnail") else ["vipsthumbnail (Debian: apt install libvips-tools)"],
    }


def compare_peers(
    peers: Sequence[Peer], photos: Sequence[tuple[BenchPhoto, Path]], folder: Path, *, rounds: int
) -> list[dict[str, Any]]:
    """Measure every peer with every photo; leave out peers that fail.

    Args:
        peers: Darkroom first.
        photos: with their files.
        folder: for renditions, references and logs.
        rounds: counted turns of each peer; one more comes first, to warm up.
    """
    scores = []
    with ExitStack() as stack:
        running = [stack.enter_context(start_peer(peer, folder)) for peer in peers]
        for photo, file in photos:
            say(f"{photo.title} ...")
            reference = make_reference(file, folder / "reference") if photo.has_reference else folder
            jobs = {}
            for process in running:
                if process.peer.can_read(photo.name):
                    into = folder / "out" / process.peer.name
                    into.mkdir(parents=True, exist_ok=True)
                    jobs[process] = PeerJob(source=file, into=into, reference=reference)
            usages = _measure_rounds(jobs, rounds)
            own = next(usages[process] for process in usages if process.peer.name == DARKROOM)
            for process, usage in usages.items():
                scores.append(_score(process.peer, photo, jobs[process], usage, own, logs=folder))
    return scores


def _measure_rounds(jobs: dict[PeerProcess, PeerJob], rounds: int) -> dict[PeerProcess, list[Usage]]:
    usages: dict[PeerProcess, list[Usage]] = {process: [] for process in jobs}
    for turn in range(rounds + 1):
        for process in list(usages):
            try:
                usage = _render_burst(process, jobs[process])
            except PeerError as error:
                if process.peer.name == DARKROOM:
                    raise
                say(str(error))
                del usages[process]
                continue
            if turn:
                usages[process].append(usage)
    return usages


def _score(
    peer: Peer, photo: BenchPhoto, job: PeerJob, usages: Sequence[Usage], own: Sequence[Usage], *, logs: Path
) -> dict[str, Any]:
    cpu_seconds = [usage.cpu_seconds for usage in usages]
    return {
        "peer": peer.name,
        "photo": photo.name,
        "cpu_ms": spread([1000 * seconds for seconds in cpu_seconds]),
        "wall_ms": spread([1000 * usage.wall_seconds for usage in usages]),
        "cpu_to_darkroom": paired_ratio(cpu_seconds, [usage.cpu_seconds for usage in own]),
        "peak_bytes": measure_peak(peer, job, logs)[1] if peer.has_own_memory else None,
        "output_bytes": sum((job.into / f"{rendition.name}.jpg").stat().st_size for rendition in RENDITIONS),
        "likeness": compare_with_reference(job.into, job.reference) if photo.has_reference else None,
    }


def _render_burst(process: PeerProcess, job: PeerJob) -> Usage:
    """Render several photos in a row; return the mean usage."""
    usages = []
    for _ in range(BURST):
        with _renamed(job) as renamed:
            usages.append(process.render(renamed))
    cpu_seconds, wall_seconds = (sum(values) / BURST for values in zip(*usages, strict=True))
    return Usage(cpu_seconds, wall_seconds)


@contextmanager
def _renamed(job: PeerJob) -> Iterator[PeerJob]:
    """Rename the photo for the block, because libvips caches by file name."""
    name = job.into.parent / f"{next(_numbers)}-{job.source.name}"
    name.symlink_to(job.source)
    try:
        yield replace(job, source=name)
    finally:
        name.unlink()
