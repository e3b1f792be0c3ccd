"""Measure the memory that one photo takes, and its growth over many photos."""

import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.bench.measurements import peak_bytes, resident_bytes, say
from scripts.bench.peer_list import DARKROOM
from scripts.bench.peer_process import Peer, PeerJob, start_peer
from scripts.bench.photos import BenchPhoto

_REPORTS = 10  # lines of progress


def measure_peaks(
    peers: Sequence[Peer], photos: Sequence[tuple[BenchPhoto, Path]], folder: Path
) -> list[dict[str, Any]]:
    """Render one photo at a time, each in a new process; pages of mapped files count while they are resident."""
    interpreter_bytes = _idle_interpreter_bytes(folder)
    peaks = []
    for photo, file in photos:
        for peer in peers:
            with start_peer(peer, folder) as process:
                ready_bytes = resident_bytes(process.pid)
                process.render(PeerJob(source=file, into=folder, reference=folder))
                whole_bytes = peak_bytes(process.pid)
            over_bytes = whole_bytes - interpreter_bytes if peer.name == DARKROOM else None
            peaks.append(
                {
                    "peer": peer.name,
                    "photo": photo.name,
                    "ready_bytes": ready_bytes,
                    "whole_bytes": whole_bytes,
                    "over_interpreter_bytes": over_bytes,
                }
            )
    return peaks


def measure_growth(peer: Peer, files: Sequence[Path], count: int, folder: Path) -> dict[str, Any]:
    """Render `count` photos in one process, from `files` in turn; return its memory after half and after all."""
    half_bytes = 0
    with start_peer(peer, folder) as process:
        for number, file in enumerate(itertools.islice(itertools.cycle(files), count), start=1):
            process.render(PeerJob(source=file, into=folder, reference=folder))
            if number == count // 2:
                half_bytes = resident_bytes(process.pid)
            if number % max(1, count // _REPORTS) == 0:
                say(f"{number} of {count} photos, {resident_bytes(process.pid) / 1e6:.0f} MB")
        return {"photos": count, "half_bytes": half_bytes, "end_bytes": resident_bytes(process.pid)}


def _idle_interpreter_bytes(folder: Path) -> int:
    program = "print('ready', flush=True); input()"
    command = (sys.executable, "-c", program)
    idle = Peer(name="idle-python", title="Python", command=command, request=lambda _: b"", environment={})
    with start_peer(idle, folder) as process:
        return peak_bytes(process.pid)
