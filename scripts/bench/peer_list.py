"""Who takes part: Darkroom's own worker, and the ways in which others do the same job."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from processing.worker.memory_limit import ALLOCATOR_SETTINGS
from processing.worker.protocol import RenderRequest, WorkerSettings, render_line
from scripts.bench.environments import Installed
from scripts.bench.peer_process import Job, Peer
from scripts.bench.renditions import RENDITIONS, SETTINGS
from scripts.cli.repository import REPOSITORY

PEERS = "scripts.bench.peers"
DARKROOM, FLOOR = "darkroom", "floor"
SHARP_CLONE, SHARP_CHAIN, PILLOW = "sharp-clone", "sharp-chain", "pillow"


def list_peers(installed: Installed) -> list[Peer]:
    """Everybody who can run on this machine, Darkroom first."""
    return [darkroom(), *_others(installed)]


def darkroom() -> Peer:
    """The worker process that renders photos on Lambda, with its environment there."""
    return Peer(
        name=DARKROOM,
        title="Darkroom",
        command=(sys.executable, "-P", "-m", "processing.worker", WorkerSettings(SETTINGS).as_argument()),
        request=_as_json,
        environment=_environment() | ALLOCATOR_SETTINGS | {"PYTHONPATH": str(REPOSITORY)},
    )


def _others(installed: Installed) -> Iterator[Peer]:
    if installed.floor:
        yield Peer(
            name=FLOOR,
            title="floor: libjpeg-turbo alone",
            command=(str(installed.floor),),
            request=_as_paths,
            environment=_environment(),
            can_read=lambda name: name.endswith(".jpg") and "cmyk" not in name,
        )
    node = shutil.which("node") or "node"
    for name, title in ((SHARP_CHAIN, "sharp, chained"), (SHARP_CLONE, "sharp, clone() per size")):
        script = installed.sharp / f"{name.replace('-', '_')}.mjs"
        yield _plain(name, title, (node, str(script)))
    yield _python("libvips", "libvips, thumbnail per size", installed.libvips, "libvips_thumbnails")
    if installed.vipsthumbnail:
        title = f"vipsthumbnail of {_version(installed.vipsthumbnail)}, a process per size"
        plain = _python("vipsthumbnail", title, Path(sys.executable), "vipsthumbnail")
        yield replace(plain, command=(*plain.command, installed.vipsthumbnail), spawns=True)
    yield _python(PILLOW, "Pillow, as in tutorials", installed.pillow, "pillow_tutorial")


def _python(name: str, title: str, interpreter: Path, module: str) -> Peer:
    peer = _plain(name, title, (str(interpreter), "-P", "-m", f"{PEERS}.{module}"))
    return replace(peer, environment=_environment() | {"PYTHONPATH": str(REPOSITORY)})


def _plain(name: str, title: str, command: tuple[str, ...]) -> Peer:
    return Peer(name=name, title=title, command=command, request=_as_json, environment=_environment())


def _version(program: str) -> str:
    """What the program says of itself: `vips-8.18.2`."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0].strip() or "unknown version"


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}


def _as_json(job: Job) -> bytes:
    return render_line(RenderRequest(job.source, job.into))


def _as_paths(job: Job) -> bytes:
    references = [job.reference / f"{rendition.name}.ppm" for rendition in RENDITIONS]
    return "\t".join(map(str, (job.source, *references, job.into))).encode() + b"\n"
