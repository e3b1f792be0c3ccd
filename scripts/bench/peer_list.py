"""The peers: Darkroom's worker, and other programs that make the same renditions."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from processing.worker.allocator import ALLOCATOR_SETTINGS
from processing.worker.protocol import render_request
from scripts.bench.bench_settings import SETTINGS
from scripts.bench.peer_installation import Installation
from scripts.bench.peer_process import Peer, PeerJob
from scripts.cli.repository import REPOSITORY

DARKROOM, FLOOR = "darkroom", "floor"
SHARP_CLONE, SHARP_CHAIN, PILLOW = "sharp-clone", "sharp-chain", "pillow"
_ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
_PYTHON_ENVIRONMENT = _ENVIRONMENT | {"PYTHONPATH": str(REPOSITORY)}


def darkroom() -> Peer:
    """Return the worker process that renders photos on Lambda, with its environment there."""
    return Peer(
        name=DARKROOM,
        title="Darkroom",
        command=(sys.executable, "-P", "-m", "processing.worker"),
        request=lambda job: render_request(job.source, job.into, SETTINGS),
        environment=_PYTHON_ENVIRONMENT | ALLOCATOR_SETTINGS,
    )


def list_peers(installed: Installation) -> list[Peer]:
    """Return all peers that can run on this machine, Darkroom first."""
    return [darkroom(), *_others(installed)]


def _others(installed: Installation) -> Iterator[Peer]:
    yield _python(FLOOR, "floor: libjpeg-turbo alone", installed.pillow, "libjpeg_floor", can_read=_is_rgb_jpeg)
    yield _sharp(SHARP_CHAIN, "sharp, chained", installed)
    yield _sharp(SHARP_CLONE, "sharp, clone() per size", installed)
    yield _python("libvips", "libvips, thumbnail per size", installed.libvips, "libvips_thumbnails")
    if program := shutil.which("vipsthumbnail"):
        title = f"vipsthumbnail of {_version(program)}, a process per size"
        yield _python("vipsthumbnail", title, Path(sys.executable), "vipsthumbnail", program, has_own_memory=False)
    yield _python(PILLOW, "Pillow, as in tutorials", installed.pillow, "pillow_tutorial")


def _sharp(name: str, title: str, installed: Installation) -> Peer:
    script = installed.sharp / f"{name.replace('-', '_')}.mjs"
    command = (shutil.which("node") or "node", str(script))
    return Peer(name=name, title=title, command=command, request=_as_json, environment=_ENVIRONMENT)


def _python(name: str, title: str, interpreter: Path, module: str, *arguments: str, **options: Any) -> Peer:
    command = (str(interpreter), "-P", "-m", f"scripts.bench.peers.{module}", *arguments)
    return Peer(name=name, title=title, command=command, request=_as_json, environment=_PYTHON_ENVIRONMENT, **options)


def _version(program: str) -> str:
    """Return the program's own name and version: `vips-8.18.2`."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0].strip() or "unknown version"


def _is_rgb_jpeg(name: str) -> bool:
    return name.endswith(".jpg") and "cmyk" not in name


def _as_json(job: PeerJob) -> bytes:
    return json.dumps({name: str(path) for name, path in asdict(job).items()}).encode() + b"\n"
