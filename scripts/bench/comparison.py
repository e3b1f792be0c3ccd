"""Everybody against everybody, photo by photo: A B A B, so that what disturbs the machine disturbs all alike."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.bench.peer_list import DARKROOM
from scripts.bench.peer_process import Contender, ContenderError, Job, Peer, Usage, running
from scripts.bench.photos import Photo
from scripts.bench.ratios import Spread, paired_ratio, spread
from scripts.bench.reference import likeness, make_reference
from scripts.bench.renditions import RENDITIONS

_numbers = itertools.count()
# Photos that one peer renders in its turn: a service renders many in a row, with the processor's caches to itself.
BURST = 3


@dataclass(frozen=True, kw_only=True)
class Score:
    """How one peer did on one photo.

    Attributes:
        peer: its name.
        photo: the photo's name.
        cpu_ms: processor time for one photo, over the rounds.
        wall_ms: time on the clock.
        cpu_to_darkroom: its processor time divided by Darkroom's, round by round.
        peak_bytes: the most memory of a fresh process with this one photo; None when the peer works through others.
        output_bytes: of the three JPEGs.
        likeness: SSIM with the reference, of each rendition from the largest; None without a reference.
    """

    peer: str
    photo: str
    cpu_ms: Spread
    wall_ms: Spread
    cpu_to_darkroom: Spread
    peak_bytes: int | None
    output_bytes: int
    likeness: tuple[float, ...] | None


@dataclass(frozen=True, kw_only=True)
class Arena:
    """Where the peers meet.

    Attributes:
        folder: for what comes out, references and logs.
        rounds: counted turns of each peer; one more comes first, for warming up.
        say: hears how it goes.
    """

    folder: Path
    rounds: int
    say: Callable[[str], None]

    def compare(self, peers: Sequence[Peer], photos: Sequence[tuple[Photo, Path]]) -> list[Score]:
        """Measures every peer with every photo; a peer that fails is left out of the rest, and that is said.

        Args:
            peers: Darkroom first.
            photos: with their files.
        """
        with ExitStack() as stack:
            contenders = {peer: stack.enter_context(running(peer, self.folder)) for peer in peers}
            scores = []
            for photo, file in photos:
                self.say(f"{photo.title} ...")
                able = {peer: contender for peer, contender in contenders.items() if peer.can_read(photo.name)}
                scores += list(self._score(able, photo, self._job(photo, file)))
        return scores

    def _job(self, photo: Photo, file: Path) -> Job:
        reference = make_reference(file, self.folder / "reference") if photo.has_reference else self.folder
        return Job(source=file, into=self.folder, reference=reference)

    def _score(self, contenders: dict[Peer, Contender], photo: Photo, job: Job) -> Iterator[Score]:
        usages = self._rounds(contenders, job)
        own = [usage.cpu_seconds for usage in usages[DARKROOM]]
        for peer in contenders:
            if peer.name not in usages:
                continue
            cpu = [usage.cpu_seconds for usage in usages[peer.name]]
            into = self._folder_of(peer)
            yield Score(
                peer=peer.name,
                photo=photo.name,
                cpu_ms=spread([1000 * seconds for seconds in cpu]),
                wall_ms=spread([1000 * usage.wall_seconds for usage in usages[peer.name]]),
                cpu_to_darkroom=paired_ratio(cpu, own),
                peak_bytes=self._peak(peer, job),
                output_bytes=sum((into / f"{rendition.name}.jpg").stat().st_size for rendition in RENDITIONS),
                likeness=tuple(likeness(into, job.reference)) if photo.has_reference else None,
            )

    def _rounds(self, contenders: dict[Peer, Contender], job: Job) -> dict[str, list[Usage]]:
        usages: dict[str, list[Usage]] = {peer.name: [] for peer in contenders}
        for turn in range(self.rounds + 1):
            for peer, contender in contenders.items():
                if peer.name not in usages:
                    continue
                try:
                    usage = _burst(contender, self._job_of(peer, job))
                except ContenderError as error:
                    if peer.name == DARKROOM:
                        raise
                    self.say(str(error))
                    del usages[peer.name]
                    continue
                if turn:
                    usages[peer.name].append(usage)
        return usages

    def _peak(self, peer: Peer, job: Job) -> int | None:
        if peer.spawns:
            return None
        with running(peer, self.folder) as contender:
            contender.render(self._job_of(peer, job))
            return contender.peak_bytes()

    def _job_of(self, peer: Peer, job: Job) -> Job:
        return Job(source=job.source, into=self._folder_of(peer), reference=job.reference)

    def _folder_of(self, peer: Peer) -> Path:
        folder = self.folder / "out" / peer.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _burst(contender: Contender, job: Job) -> Usage:
    """Several photos in a row, as the mean for one."""
    usages = []
    for _ in range(BURST):
        with _renamed(job) as renamed:
            usages.append(contender.render(renamed))
    return Usage(
        cpu_seconds=sum(usage.cpu_seconds for usage in usages) / BURST,
        wall_seconds=sum(usage.wall_seconds for usage in usages) / BURST,
    )


@contextmanager
def _renamed(job: Job) -> Iterator[Job]:
    """The same photo under a new name while the block runs: some peers remember results by the names of files."""
    name = job.into.parent / f"{next(_numbers)}-{job.source.name}"
    name.symlink_to(job.source)
    try:
        yield Job(source=name, into=job.into, reference=job.reference)
    finally:
        name.unlink()
