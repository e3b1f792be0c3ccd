"""What a process and its children have used, seen from outside. Linux only: proc(5), clock_getcpuclockid(3)."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat counted from the third, the first after the parenthesised name: proc(5).
_PPID, _CHILDREN_USER, _CHILDREN_SYSTEM = 1, 13, 14
_HIGH_WATER, _RESIDENT = "VmHWM", "VmRSS"
_FORGET_HIGH_WATER = "5"  # written to clear_refs: proc(5)


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of a process so far, in nanosecond steps, and of its children that have ended."""
    return time.clock_gettime(_cpu_clock(pid)) + _ended_children_seconds(pid)


def tree_cpu_seconds(pid: int) -> float:
    """CPU time of a process and of everything that it started."""
    return sum(cpu_seconds(member) for member in tree(pid))


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for process, parent in _parents():
        children.setdefault(parent, []).append(process)
    members = [pid]
    for member in members:
        members += children.get(member, [])
    return members


def resident_bytes(pid: int) -> int:
    """Memory that a process has in use now."""
    return _status_bytes(pid, _RESIDENT)


def peak_bytes(pid: int) -> int:
    """Most memory that a process has had in use since it began, or since `forget_peak`."""
    return _status_bytes(pid, _HIGH_WATER)


def forget_peak(pid: int) -> None:
    """Lets the peak count from now on."""
    (_PROC / str(pid) / "clear_refs").write_text(_FORGET_HIGH_WATER)


def _cpu_clock(pid: int) -> int:
    # What clock_getcpuclockid(3) computes on Linux: the bits of the pid inverted, above the number of the clock that
    # counts what the scheduler gave. Python offers it for threads only.
    return (~pid << 3) | 2


def _ended_children_seconds(pid: int) -> float:
    fields = _stat_fields(pid)
    return (int(fields[_CHILDREN_USER]) + int(fields[_CHILDREN_SYSTEM])) / _TICKS_PER_SECOND


def _parents() -> Iterator[tuple[int, int]]:
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), int(_stat_fields(int(entry.name))[_PPID])
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we looked


def _stat_fields(pid: int) -> list[str]:
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _status_bytes(pid: int, name: str) -> int:
    for line in (_PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(f"process {pid} has no {name}: it has ended")
