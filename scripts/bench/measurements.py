"""Medians with their range, and the processor time and memory of a process."""

import statistics
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from scripts.cli.output import Screen


class Usage(NamedTuple):
    """Processor time of all threads, and elapsed time."""

    cpu_seconds: float
    wall_seconds: float


def say(text: str) -> None:
    """Print progress on standard error."""
    Screen().note(*text.splitlines())


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, lowest and highest of at least one value."""
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def paired_ratio(values: Sequence[float], others: Sequence[float]) -> dict[str, float]:
    """Return the spread of the ratios round by round, which slow rounds leave unchanged."""
    return spread([value / other for value, other in zip(values, others, strict=True)])


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and of its ended children."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def tree_cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and of all its descendants."""
    total = cpu_seconds(pid)
    for child in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # ended since it was listed
            total += cpu_seconds(child.pid)
    return total


def resident_bytes(pid: int) -> int:
    """Return the resident set size (RSS) of a process."""
    return int(psutil.Process(pid).memory_info().rss)


def peak_bytes(pid: int) -> int:
    """Return the highest resident set size, which psutil lacks on Linux."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
