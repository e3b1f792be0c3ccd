"""The context of a benchmark run: the amount to measure, and the machine."""

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil
import pyvips
from PIL import features

from scripts.bench.peer_list import SHARP_FOLDER
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
)


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
_TWO = (TWO_MP,)
QUICK = Amount(
    versus=_TWO, rounds=1, peaks=_TWO, growth=_TWO, growth_photos=6, batch=TWO_MP, batch_photos=2, scale=(10, 20)
)


@dataclass(frozen=True, kw_only=True)
class BenchContext:
    """The amount to measure, and a temporary folder."""

    amount: Amount
    folder: Path


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
    done = subprocess.run([node, "-p", expression], cwd=SHARP_FOLDER, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
