"""Compare all peers photo by photo, in turn (A B A B), so that disturbances of the machine meet all of them alike."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scripts.bench.bench_settings import RENDITIONS
from scripts.bench.measurements import paired_ratio, peak_bytes, say, spread
from scripts.bench.peer_list import DARKROOM
from scripts.bench.peer_process import Peer, PeerError, PeerJob, PeerProcess, start_peer
from scripts.bench.photos import BenchPhoto
from scripts.bench.reference import compare_with_reference, make_reference

_numbers = itertools.count()
# Photos that a peer renders in its turn: a service renders many in a row, with the processor's caches to itself.
BURST = 3


@dataclass(frozen=True)
class Comparison:
    """A comparison of running peers.

    Attributes:
        folder: for renditions, references and logs.
        rounds: counted turns of each peer; one more comes first, to warm up.
    """

    folder: Path
    rounds: int

    def run(self, peers: Sequence[Peer], photos: Sequence[tuple[BenchPhoto, Path]]) -> list[dict[str, Any]]:
        """Measure every peer with every photo; report a peer that fails and leave it out for that photo.

        Args:
            peers: Darkroom first.
            photos: with their files.

        Returns:
            The scores, as JSON holds them.
        """
        with ExitStack() as stack:
            running = [stack.enter_context(start_peer(peer, self.folder)) for peer in peers]
            scores = []
            for photo, file in photos:
                say(f"{photo.title} ...")
                able = [process for process in running if process.peer.can_read(photo.name)]
                scores += list(self._score(able, photo, file))
        return scores

    def _score(self, running: Sequence[PeerProcess], photo: BenchPhoto, file: Path) -> Iterator[dict[str, Any]]:
        reference = make_reference(file, self.folder / "reference") if photo.has_reference else self.folder
        usages = self._measure_rounds(running, PeerJob(source=file, into=self.folder, reference=reference))
        for process in running:
            peer = process.peer
            if peer.name not in usages:
                continue
            cpu, wall = zip(*usages[peer.name], strict=True)
            job = PeerJob(source=file, into=self._folder_of(peer), reference=reference)
            yield {
                "peer": peer.name,
                "photo": photo.name,
                "cpu_ms": spread([1000 * seconds for seconds in cpu]),
                "wall_ms": spread([1000 * seconds for seconds in wall]),
                "cpu_to_darkroom": paired_ratio(cpu, [own for own, _ in usages[DARKROOM]]),
                "peak_bytes": self._measure_peak(peer, job) if peer.has_own_memory else None,
                "output_bytes": sum((job.into / f"{rendition.name}.jpg").stat().st_size for rendition in RENDITIONS),
                "likeness": compare_with_reference(job.into, reference) if photo.has_reference else None,
            }

    def _measure_rounds(self, running: Sequence[PeerProcess], job: PeerJob) -> dict[str, list[tuple[float, float]]]:
        usages: dict[str, list[tuple[float, float]]] = {process.peer.name: [] for process in running}
        for turn in range(self.rounds + 1):
            for process in running:
                peer = process.peer
                if peer.name not in usages:
                    continue
                try:
                    usage = _render_burst(process, replace(job, into=self._folder_of(peer)))
                except PeerError as error:
                    if peer.name == DARKROOM:
                        raise
                    say(str(error))
                    del usages[peer.name]
                    continue
                if turn:
                    usages[peer.name].append(usage)
        return usages

    def _measure_peak(self, peer: Peer, job: PeerJob) -> int:
        with start_peer(peer, self.folder) as process:
            process.render(job)
            return peak_bytes(process.pid)

    def _folder_of(self, peer: Peer) -> Path:
        folder = self.folder / "out" / peer.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _render_burst(process: PeerProcess, job: PeerJob) -> tuple[float, float]:
    """Render several photos in a row; return mean processor and elapsed time."""
    usages = []
    for _ in range(BURST):
        with _renamed(job) as renamed:
            usages.append(process.render(renamed))
    cpu, wall = zip(*usages, strict=True)
    return sum(cpu) / BURST, sum(wall) / BURST


@contextmanager
def _renamed(job: PeerJob) -> Iterator[PeerJob]:
    """Give the photo a new name while the block runs; libvips caches results by file name."""
    name = job.into.parent / f"{next(_numbers)}-{job.source.name}"
    name.symlink_to(job.source)
    try:
        yield replace(job, source=name)
    finally:
        name.unlink()
