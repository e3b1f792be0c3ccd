import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.local_stack.supervisor import supervised

WAIT_SECONDS = 20.0
# A command with a child that leaves its process group; it writes both process ids to a file.
FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
open(sys.argv[1], "w").write(f"{os.getpid()} {child.pid}\\n")
time.sleep(600)
"""


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def read_family(path: Path) -> list[int]:
    wait_until(lambda: path.exists() and path.read_text().endswith("\n"))
    return [int(pid) for pid in path.read_text().split()]


def test_leaving_the_block_ends_the_command_and_children_that_left_its_group(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FAMILY, str(tmp_path / "pids")]
    with supervised(command, os.environ, tmp_path / "log", cwd=tmp_path):
        family = read_family(tmp_path / "pids")
        assert all(is_running(pid) for pid in family)
    if sys.platform != "linux":
        family = family[:1]  # elsewhere only the process group can be ended
    assert not any(is_running(pid) for pid in family)


@pytest.mark.parametrize("name", [signal.SIGKILL, signal.SIGTERM])
def test_the_command_ends_when_its_parent_is_killed(tmp_path: Path, name: signal.Signals) -> None:
    parent_code = (
        "import os, sys, time; from pathlib import Path; from scripts.local_stack.supervisor import supervised\n"
        "here = Path(sys.argv[1])\n"
        f"with supervised([sys.executable, '-c', {FAMILY!r}, str(here / 'pids')], os.environ, here / 'log', cwd=here,\n"
        "              remove=[here / 'scratch']):\n"
        "    time.sleep(600)\n"
    )
    (tmp_path / "scratch").mkdir()
    parent = subprocess.Popen([sys.executable, "-c", parent_code, str(tmp_path)])
    family = read_family(tmp_path / "pids")
    parent.send_signal(name)
    parent.wait(WAIT_SECONDS)
    wait_until(lambda: not is_running(family[0]))
    wait_until(lambda: not (tmp_path / "scratch").exists())


def test_what_it_leaves_behind_is_removed(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch/file").write_text("x")
    (tmp_path / "state.json").write_text("{}")
    remove = [tmp_path / "scratch", tmp_path / "state.json", tmp_path / "never-there"]
    with supervised([sys.executable, "-c", ""], os.environ, tmp_path / "log", cwd=tmp_path, remove=remove) as process:
        process.wait(WAIT_SECONDS)
    assert not any(path.exists() for path in remove)


def test_the_commands_exit_status_and_output_come_through(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('hello'); raise SystemExit(3)"]
    with supervised(command, os.environ, tmp_path / "log", cwd=tmp_path) as process:
        assert process.wait(WAIT_SECONDS) == 3
    assert "hello" in (tmp_path / "log").read_text()
