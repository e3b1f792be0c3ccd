"""Processor time and memory of a process, read from outside."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from scripts.bench.measurements import cpu_seconds, peak_bytes, resident_bytes, tree_cpu_seconds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="proc(5)")
MB = 1024 * 1024
# The kernel counts CPU time in steps of 10 ms.
BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"


@contextmanager
def python(program: str) -> Iterator[int]:
    """Run a program up to `input()`, where it waits for the block."""
    command = [sys.executable, "-c", f"{program}\nprint('ready', flush=True)\ninput()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.kill()


def test_cpu_time_is_what_the_process_itself_counts() -> None:
    with python(BURN.format(seconds=0.3)) as pid:
        assert 0.28 <= cpu_seconds(pid) < 0.6


def test_the_cpu_time_of_a_thread_that_has_ended_counts() -> None:
    program = f"import threading\nthread = threading.Thread(target=exec, args=({BURN.format(seconds=0.3)!r}, {{}}))\n"
    with python(f"{program}thread.start()\nthread.join()") as pid:
        assert cpu_seconds(pid) >= 0.28


def test_the_cpu_time_of_a_child_that_has_ended_counts_for_its_parent() -> None:
    burning = f"[sys.executable, '-c', {BURN.format(seconds=0.3)!r}]"
    with python(f"import subprocess, sys\nsubprocess.run({burning})") as pid:
        assert cpu_seconds(pid) >= 0.28


def test_the_cpu_time_of_a_running_child_counts_for_the_tree() -> None:
    program = BURN.format(seconds=0.3) + "print(1, flush=True)\ninput()"
    child = f"subprocess.Popen([sys.executable, '-c', {program!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE)"
    with python(f"import subprocess, sys\nchild = {child}\nchild.stdout.readline()") as pid:
        assert cpu_seconds(pid) < 0.28
        assert tree_cpu_seconds(pid) >= 0.28


def test_the_peak_stays_when_memory_is_freed() -> None:
    with python(f"block = bytes(1) * {64 * MB}\ndel block") as pid:
        assert peak_bytes(pid) - resident_bytes(pid) > 50 * MB


def test_a_process_that_has_ended_has_no_memory() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.DEVNULL)
    process.wait()
    with pytest.raises(psutil.NoSuchProcess):
        resident_bytes(process.pid)
