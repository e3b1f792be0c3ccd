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
from scripts.bench.measurements import BenchError
from scripts.bench.peer_process import Peer, PeerJob
from scripts.cli.repository import REPOSITORY

DARKROOM, FLOOR = "darkroom", "floor"
SHARP_CLONE, SHARP_CHAIN, PILLOW = "sharp-clone", "sharp-chain", "pillow"
SHARP_FOLDER = REPOSITORY / ".tools/bench/sharp"
_PEERS = Path(__file__).with_name("peers")
_INSTALL_TIMEOUT_SECONDS = 600
_ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "PYTHONPATH": str(REPOSITORY)}


def darkroom() -> Peer:
    """Return the worker process, with its environment on Lambda."""
    return Peer(
        name=DARKROOM,
        title="Darkroom",
        command=(sys.executable, "-P", "-m", "processing.worker"),
        request=lambda job: render_request(job.source, job.into, SETTINGS),
        environment=_ENVIRONMENT | ALLOCATOR_SETTINGS,
    )


def list_peers() -> Iterator[Peer]:
    """Yield all peers that can run on this machine, Darkroom first.

    Those in Python use the libvips and the Pillow of this environment, as Darkroom does.
    """
    yield darkroom()
    yield _python(FLOOR, "floor: libjpeg-turbo alone", "libjpeg_floor", can_read=_is_rgb_jpeg)
    yield _sharp(SHARP_CHAIN, "sharp, chained")
    yield _sharp(SHARP_CLONE, "sharp, clone() per size")
    yield _python("libvips", "libvips, thumbnail per size", "libvips_thumbnails")
    if program := shutil.which("vipsthumbnail"):
        title = f"vipsthumbnail of {_version(program)}, a process per size"
        yield _python("vipsthumbnail", title, "vipsthumbnail", program, has_own_memory=False)
    yield _python(PILLOW, "Pillow, as in tutorials", "pillow_tutorial")


def install_sharp() -> None:
    """Install the locked sharp below .tools, with the scripts that import it.

    Raises:
        BenchError: npm failed.
    """
    SHARP_FOLDER.mkdir(parents=True, exist_ok=True)
    lock, installed_lock = _PEERS / "package-lock.json", SHARP_FOLDER / "node_modules/installed-lock.json"
    for source in (_PEERS / "package.json", lock, REPOSITORY / ".npmrc", *_PEERS.glob("*.mjs")):
        shutil.copy(source, SHARP_FOLDER)
    if installed_lock.exists() and installed_lock.read_bytes() == lock.read_bytes():
        return
    done = subprocess.run(
        ["npm", "ci"], cwd=SHARP_FOLDER, capture_output=True, text=True, check=False, timeout=_INSTALL_TIMEOUT_SECONDS
    )
    if done.returncode != 0:
        raise BenchError(f"npm ci failed:\n{(done.stdout + done.stderr)[-1500:]}")
    shutil.copy(lock, installed_lock)


def _sharp(name: str, title: str) -> Peer:
    command = (shutil.which("node") or "node", str(SHARP_FOLDER / f"{name.replace('-', '_')}.mjs"))
    return Peer(name=name, title=title, command=command, request=_as_json, environment=_ENVIRONMENT)


def _python(name: str, title: str, module: str, *arguments: str, **options: Any) -> Peer:
    command = (sys.executable, "-P", "-m", f"scripts.bench.peers.{module}", *arguments)
    return Peer(name=name, title=title, command=command, request=_as_json, environment=_ENVIRONMENT, **options)


def _version(program: str) -> str:
    """Return the program's own name and version: `vips-8.18.2`."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0].strip() or "unknown version"


def _is_rgb_jpeg(name: str) -> bool:
    return name.endswith(".jpg") and "cmyk" not in name


def _as_json(job: PeerJob) -> bytes:
    return json.dumps({name: str(path) for name, path in asdict(job).items()}).encode() + b"\n"
