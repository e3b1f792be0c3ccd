"""Measure the memory that one photo takes, and its growth over many photos."""

import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.bench.context import BenchContext
from scripts.bench.measurements import peak_bytes, resident_bytes, say
from scripts.bench.peer_list import DARKROOM, FLOOR, darkroom, list_peers
from scripts.bench.peer_process import Peer, PeerJob, measure_peak, start_peer
from scripts.bench.photos import BenchPhoto, make_photos

_REPORTS = 10  # lines of progress


def measure_memory(context: BenchContext) -> dict[str, Any]:
    """Measure peaks and growth; return the part `memory` of the results."""
    amount, folder = context.amount, context.folder
    peers = [peer for peer in list_peers() if peer.name != FLOOR and peer.has_own_memory]
    photos = make_photos(amount.peaks)
    interpreter_bytes = _idle_interpreter_bytes(folder)
    growth_files = [file for _, file in make_photos(amount.growth)]
    return {
        "titles": {peer.name: peer.title for peer in peers},
        "photos": {photo.name: photo.title for photo, _ in photos},
        "source_bytes": {photo.name: file.stat().st_size for photo, file in photos},
        "peaks": [
            _measure_peak(peer, photo, file, folder, interpreter_bytes) for photo, file in photos for peer in peers
        ],
        "growth": _measure_growth(growth_files, amount.growth_photos, folder),
    }


def _measure_peak(peer: Peer, photo: BenchPhoto, file: Path, folder: Path, interpreter_bytes: int) -> dict[str, Any]:
    ready_bytes, whole_bytes = measure_peak(peer, PeerJob(source=file, into=folder, reference=folder), folder)
    return {
        "peer": peer.name,
        "photo": photo.name,
        "ready_bytes": ready_bytes,
        "whole_bytes": whole_bytes,
        "over_interpreter_bytes": whole_bytes - interpreter_bytes if peer.name == DARKROOM else None,
    }


def _measure_growth(files: Sequence[Path], count: int, folder: Path) -> dict[str, Any]:
    """Render `count` photos in one worker; return its memory halfway and finally."""
    half_bytes = 0
    with start_peer(darkroom(), folder) as process:
        for number, file in enumerate(itertools.islice(itertools.cycle(files), count), start=1):
            process.render(PeerJob(source=file, into=folder, reference=folder))
            if number == count // 2:
                half_bytes = resident_bytes(process.pid)
            if number % max(1, count // _REPORTS) == 0:
                say(f"{number} of {count} photos, {resident_bytes(process.pid) / 1e6:.0f} MB")
        return {"photos": count, "half_bytes": half_bytes, "end_bytes": resident_bytes(process.pid)}


def _idle_interpreter_bytes(folder: Path) -> int:
    command = (sys.executable, "-c", "print('ready', flush=True); input()")
    idle = Peer(name="idle-python", title="Python", command=command, request=lambda _: b"", environment={})
    with start_peer(idle, folder) as process:
        return peak_bytes(process.pid)
