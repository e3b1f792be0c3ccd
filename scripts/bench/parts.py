"""The parts of the benchmark: each takes a size and answers what goes into the JSON."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from scripts.bench.batch import measure_batches
from scripts.bench.cold_start import measure_cold_starts, measure_imports
from scripts.bench.comparison import Arena
from scripts.bench.environments import Installed
from scripts.bench.machine import describe_machine
from scripts.bench.memory import measure_growth, measure_peaks
from scripts.bench.peer_list import darkroom, list_peers
from scripts.bench.photos import (
    CAMERA_JPEGS,
    HUNDRED_MP,
    HUNDRED_MP_PNG,
    HUNDRED_MP_PROGRESSIVE,
    OTHER_FORMATS,
    TEN_MP,
    TWELVE_MP,
    TWO_MP,
    Photo,
    make_photos,
)
from scripts.bench.scale import measure_scale
from scripts.cli.repository import REPOSITORY

# Raise it when a part's JSON changes its form: older results are then left out instead of being misread.
FORMAT = 1
PHOTOS = REPOSITORY / ".build/bench/photos"


class Part(StrEnum):
    """What can be measured."""

    VERSUS = "versus"
    MEMORY = "memory"
    BATCH = "batch"
    COLD_START = "cold-start"
    SCALE = "scale"


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured.

    Attributes:
        versus: the photos of the comparison.
        rounds: counted turns of each peer, batches of each kind, and cold starts.
        peaks: the photos whose memory is measured.
        growth: the photos that go through one process in turn.
        growth_photos: how many of them.
        batch: the photo of the batches.
        batch_photos: how many make a batch.
        scale: photos in each job of the local stack.
    """

    versus: Sequence[Photo]
    rounds: int
    peaks: Sequence[Photo]
    growth: Sequence[Photo]
    growth_photos: int
    batch: Photo
    batch_photos: int
    scale: Sequence[int]


FULL = Size(
    versus=(*CAMERA_JPEGS, *OTHER_FORMATS),
    rounds=9,
    peaks=(TWELVE_MP, HUNDRED_MP, HUNDRED_MP_PNG, HUNDRED_MP_PROGRESSIVE),
    growth=(TWELVE_MP, TEN_MP, CAMERA_JPEGS[2], *OTHER_FORMATS),
    growth_photos=504,  # 56 rounds: after the first and the second half the same photo was the last one
    batch=TWELVE_MP,
    batch_photos=10,
    scale=(100, 500, 1000, 5000),
)
QUICK = Size(
    versus=(TWO_MP,),
    rounds=1,
    peaks=(TWO_MP,),
    growth=(TWO_MP,),
    growth_photos=6,
    batch=TWO_MP,
    batch_photos=2,
    scale=(10, 20),
)


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """What every part works with.

    Attributes:
        installed: the peers.
        size: how much is measured.
        folder: for what comes out on the way.
        say: hears how it goes.
    """

    installed: Installed
    size: Size
    folder: Path
    say: Callable[[str], None]

    def run(self, part: Part) -> dict[str, Any]:
        """Measures one part; the answer is what JSON can hold."""
        measured = _PARTS[part](self)
        return {
            **measured,
            "format": FORMAT,
            "measured": datetime.now(UTC).date().isoformat(),
            "machine": describe_machine(),
        }

    def photos(self, photos: Sequence[Photo]) -> list[tuple[Photo, Path]]:
        """Photos with their files."""
        files = make_photos(photos, PHOTOS, lambda photo: self.say(f"making a photo: {photo.title}"))
        return [(photo, files[photo.name]) for photo in photos]

    def file(self, photo: Photo) -> Path:
        """One photo's file."""
        return self.photos([photo])[0][1]


def _versus(shop: Workshop) -> dict[str, Any]:
    peers = list_peers(shop.installed)
    arena = Arena(folder=shop.folder, rounds=shop.size.rounds, say=shop.say)
    scores = arena.compare(peers, shop.photos(shop.size.versus))
    return {
        "rounds": shop.size.rounds,
        "titles": {peer.name: peer.title for peer in peers},
        "photos": {photo.name: photo.title for photo in shop.size.versus},
        "scores": [asdict(score) for score in scores],
        "missing": list(shop.installed.missing),
    }


def _memory(shop: Workshop) -> dict[str, Any]:
    peers = [peer for peer in list_peers(shop.installed) if peer.name != "floor" and not peer.spawns]
    photos = shop.photos(shop.size.peaks)
    peaks = measure_peaks(peers, photos, shop.folder)
    files = [file for _, file in shop.photos(shop.size.growth)]
    growth = measure_growth(darkroom(), files, shop.size.growth_photos, shop.folder, shop.say)
    return {
        "titles": {peer.name: peer.title for peer in peers},
        "photos": {photo.name: photo.title for photo in shop.size.peaks},
        "source_bytes": {photo.name: file.stat().st_size for photo, file in photos},
        "peaks": [asdict(peak) for peak in peaks],
        "growth": asdict(growth),
    }


def _batch(shop: Workshop) -> dict[str, Any]:
    scores = measure_batches(
        shop.installed.runtime,
        shop.file(shop.size.batch),
        shop.folder,
        photos=shop.size.batch_photos,
        rounds=shop.size.rounds,
        say=shop.say,
    )
    return {"photo": shop.size.batch.title, "scores": [asdict(score) for score in scores]}


def _cold_start(shop: Workshop) -> dict[str, Any]:
    runtime = shop.installed.runtime
    start = measure_cold_starts(runtime, shop.file(shop.size.batch), shop.folder, rounds=shop.size.rounds, say=shop.say)
    return {"start": asdict(start), "imports": measure_imports(runtime, shop.folder)}


def _scale(shop: Workshop) -> dict[str, Any]:
    # A small photo: what grows with their number would hide behind the work on a large one.
    runs = measure_scale(shop.file(TWO_MP), shop.size.scale, shop.folder, shop.say)
    return {"photo": TWO_MP.title, "runs": [asdict(run) for run in runs]}


_PARTS: dict[Part, Callable[[Workshop], dict[str, Any]]] = {
    Part.VERSUS: _versus,
    Part.MEMORY: _memory,
    Part.BATCH: _batch,
    Part.COLD_START: _cold_start,
    Part.SCALE: _scale,
}
