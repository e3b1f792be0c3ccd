"""The parts of the benchmark: the amount to measure, and the JSON that each part returns."""

import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import pyvips
from PIL import features

from scripts.bench.batch import measure_batches
from scripts.bench.cold_start import measure_cold_starts
from scripts.bench.comparison import compare_peers
from scripts.bench.memory import measure_growth, measure_peaks
from scripts.bench.peer_installation import TOOLS, Installation
from scripts.bench.peer_list import FLOOR, darkroom, list_peers
from scripts.bench.photos import (
    CAMERA_JPEGS,
    HUNDRED_MP,
    HUNDRED_MP_PNG,
    HUNDRED_MP_PROGRESSIVE,
    OTHER_FORMATS,
    TEN_MP,
    TWELVE_MP,
    TWENTY_FOUR_MP,
    TWO_MP,
    BenchPhoto,
    make_photos,
)
from scripts.bench.report import FORMAT
from scripts.bench.scale import measure_scale


class Part(StrEnum):
    """A part of the benchmark."""

    VERSUS = "versus"
    MEMORY = "memory"
    BATCH = "batch"
    COLD_START = "cold-start"
    SCALE = "scale"


@dataclass(frozen=True, kw_only=True)
class Amount:
    """The amount to measure.

    Attributes:
        versus: the photos of the comparison.
        rounds: counted turns of each peer, batches of each kind, and cold starts.
        peaks: the photos whose memory is measured.
        growth: the photos that one process renders in turn.
        growth_photos: how many renders that are.
        batch: the photo of the batches.
        batch_photos: photos in a batch.
        scale: photos in each job of the local stack.
    """

    versus: Sequence[BenchPhoto]
    rounds: int
    peaks: Sequence[BenchPhoto]
    growth: Sequence[BenchPhoto]
    growth_photos: int
    batch: BenchPhoto
    batch_photos: int
    scale: Sequence[int]


FULL = Amount(
    versus=(*CAMERA_JPEGS, *OTHER_FORMATS),
    rounds=9,
    peaks=(TWELVE_MP, HUNDRED_MP, HUNDRED_MP_PNG, HUNDRED_MP_PROGRESSIVE),
    growth=(TWELVE_MP, TEN_MP, TWENTY_FOUR_MP, *OTHER_FORMATS),
    growth_photos=504,  # 56 rounds: both halves end with the same photo
    batch=TWELVE_MP,
    batch_photos=10,
    scale=(100, 500, 1000, 5000),
)
QUICK = Amount(
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
class BenchContext:
    """The installed peers, the amount to measure, and a folder for temporary files."""

    installed: Installation
    amount: Amount
    folder: Path

    def measure(self, part: Part) -> dict[str, Any]:
        """Measure one part; return what JSON can hold."""
        measured = _PARTS[part](self)
        today = datetime.now(UTC).date().isoformat()
        return {**measured, "format": FORMAT, "measured": today, "machine": describe_machine()}


def _measure_versus(context: BenchContext) -> dict[str, Any]:
    amount, peers = context.amount, list_peers(context.installed)
    return {
        "rounds": amount.rounds,
        "titles": {peer.name: peer.title for peer in peers},
        "photos": {photo.name: photo.title for photo in amount.versus},
        "scores": compare_peers(peers, make_photos(amount.versus), context.folder, rounds=amount.rounds),
        "missing": [] if shutil.which("vipsthumbnail") else ["vipsthumbnail (Debian: apt install libvips-tools)"],
    }


def _measure_memory(context: BenchContext) -> dict[str, Any]:
    amount, folder = context.amount, context.folder
    peers = [peer for peer in list_peers(context.installed) if peer.name != FLOOR and peer.has_own_memory]
    photos = make_photos(amount.peaks)
    files = [file for _, file in make_photos(amount.growth)]
    return {
        "titles": {peer.name: peer.title for peer in peers},
        "photos": {photo.name: photo.title for photo in amount.peaks},
        "source_bytes": {photo.name: file.stat().st_size for photo, file in photos},
        "peaks": measure_peaks(peers, photos, folder),
        "growth": measure_growth(darkroom(), files, amount.growth_photos, folder),
    }


def _measure_batch(context: BenchContext) -> dict[str, Any]:
    ((photo, file),) = make_photos([context.amount.batch])
    amount = context.amount
    scores = measure_batches(file, context.folder, photos=amount.batch_photos, rounds=amount.rounds)
    return {"photo": photo.title, "scores": scores}


def _measure_cold_start(context: BenchContext) -> dict[str, Any]:
    ((_, file),) = make_photos([context.amount.batch])
    return measure_cold_starts(file, context.folder, rounds=context.amount.rounds)


def _measure_scale(context: BenchContext) -> dict[str, Any]:
    # A small photo: with a large one, the rendering hides costs that grow with the number of photos.
    ((photo, file),) = make_photos([TWO_MP])
    return {"photo": photo.title, "runs": measure_scale(file, context.amount.scale)}


_PARTS: dict[Part, Callable[[BenchContext], dict[str, Any]]] = {
    Part.VERSUS: _measure_versus,
    Part.MEMORY: _measure_memory,
    Part.BATCH: _measure_batch,
    Part.COLD_START: _measure_cold_start,
    Part.SCALE: _measure_scale,
}


def describe_machine() -> dict[str, str]:
    """Return processor, memory and versions, without anything that identifies the machine."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    processor = models[0].partition(":")[2].strip() if models else "unknown"
    return {
        "processor": f"{processor}, {len(os.sched_getaffinity(0))} cores, {platform.machine()}",
        "memory": f"{psutil.virtual_memory().total / 1e9:.0f} GB",
        "system": f"Linux {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        "libvips": ".".join(str(pyvips.version(part)) for part in range(3)),
        "Pillow": f"{version('pillow')}, libjpeg-turbo {features.version_feature('libjpeg_turbo')}",
        "Node.js": _node("process.versions.node"),
        "sharp": _node("(v => `${v.sharp}, libvips ${v.vips}`)(require('sharp').versions)"),
    }


def _node(expression: str) -> str:
    node = shutil.which("node") or "node"
    done = subprocess.run([node, "-p", expression], cwd=TOOLS / "sharp", capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
