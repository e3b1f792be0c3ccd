"""How much memory one photo takes, and whether many photos take more than one."""

import itertools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.bench.peer_list import DARKROOM
from scripts.bench.peer_process import Job, Peer, running
from scripts.bench.photos import Photo

_REPORTS = 10  # lines of progress


@dataclass(frozen=True, kw_only=True)
class Peak:
    """The most memory that one photo took.

    Attributes:
        peer: its name.
        photo: the photo's name.
        ready_bytes: in use before the photo came, by the interpreter and its libraries.
        whole_bytes: of the whole process, started for this photo. Pages of mapped files count while they are held.
        over_interpreter_bytes: beyond a Python that does nothing; for Darkroom only.
    """

    peer: str
    photo: str
    ready_bytes: int
    whole_bytes: int
    over_interpreter_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class Growth:
    """What one process held on to over many photos.

    Attributes:
        photos: how many.
        half_bytes: memory in use after half of them.
        end_bytes: after all of them.
    """

    photos: int
    half_bytes: int
    end_bytes: int

    @property
    def ratio(self) -> float:
        """What the second half added, as a part of what was there."""
        return self.end_bytes / self.half_bytes - 1


def measure_peaks(peers: Sequence[Peer], photos: Sequence[tuple[Photo, Path]], folder: Path) -> list[Peak]:
    """One photo at a time, each in a process of its own."""
    interpreter_bytes = _idle_interpreter_bytes(folder)
    return [
        _measure(peer, photo, file, folder, interpreter_bytes)
        for photo, file in photos
        for peer in peers
        if not peer.spawns and peer.can_read(photo.name)
    ]


def _measure(peer: Peer, photo: Photo, file: Path, folder: Path, interpreter_bytes: int) -> Peak:
    with running(peer, folder) as contender:
        ready_bytes = contender.resident_bytes()
        contender.render(Job(source=file, into=folder, reference=folder))
        whole_bytes = contender.peak_bytes()
    return Peak(
        peer=peer.name,
        photo=photo.name,
        ready_bytes=ready_bytes,
        whole_bytes=whole_bytes,
        over_interpreter_bytes=whole_bytes - interpreter_bytes if peer.name == DARKROOM else None,
    )


def measure_growth(peer: Peer, files: Sequence[Path], count: int, folder: Path, say: Callable[[str], None]) -> Growth:
    """Many photos through one process.

    Args:
        peer: who.
        files: taken in turn.
        count: how many photos in all.
        folder: for outputs and logs.
        say: hears how it goes.
    """
    half_bytes = 0
    with running(peer, folder) as contender:
        for number, file in enumerate(itertools.islice(itertools.cycle(files), count), start=1):
            contender.render(Job(source=file, into=folder, reference=folder))
            if number == count // 2:
                half_bytes = contender.resident_bytes()
            if number % max(1, count // _REPORTS) == 0:
                say(f"{number} of {count} photos, {contender.resident_bytes() / 1e6:.0f} MB")
        return Growth(photos=count, half_bytes=half_bytes, end_bytes=contender.resident_bytes())


def _idle_interpreter_bytes(folder: Path) -> int:
    program = "print('ready', flush=True); input()"
    idle = Peer(
        name="idle-python",
        title="Python",
        command=(sys.executable, "-c", program),
        request=lambda _: b"\n",
        environment={},
    )
    with running(idle, folder) as contender:
        return contender.peak_bytes()
