"""Runs a command that ends when we do, however we end: even when we are killed.

`tethered` starts this file as a process in between. It reads a pipe that we hold and never write to; when the pipe
closes, it kills the command and everything the command started, and removes what they leave behind.

    python tether.py [--remove PATH]... -- COMMAND...

Uses the standard library only, so that it starts in no time.
"""

import argparse
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
_POLL_SECONDS = 0.1
_END_TIMEOUT_SECONDS = 60.0  # a busy machine takes its time to remove gigabytes


@contextmanager
def tethered(
    command: Sequence[str], environment: Mapping[str, str], log: Path, *, cwd: Path, remove: Sequence[Path] = ()
) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs a command that ends, with everything it started, when the block or this process does.

    Args:
        command: program and arguments.
        environment: all of it.
        log: gets the command's output, appended.
        cwd: where it runs.
        remove: files and directories that are removed at the end.
    """
    removals = [argument for path in remove for argument in ("--remove", str(path))]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-S", __file__, *removals, "--", *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=cwd,
            start_new_session=True,
        )
    assert process.stdin is not None  # noqa: S101 (for the type checker: we asked for a pipe)
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait(_END_TIMEOUT_SECONDS)


def run(command: Sequence[str]) -> int:
    """Runs the command until it ends or standard input closes; answers its exit status, 0 when it was cut off."""
    adopt_orphans()
    # A session of its own: Ctrl-C at the terminal reaches the parent only, which decides what ends.
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    status = None
    while status is None and not is_parent_gone():
        status = reap(child.pid)
    kill_group(child.pid)
    kill_children()
    return os.waitstatus_to_exitcode(status) if status is not None else 0


def adopt_orphans() -> None:
    """Makes this process the parent of every orphan below it, so that none gets away (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def is_parent_gone() -> bool:
    """Waits a moment for standard input to close."""
    readable, _, _ = select.select([sys.stdin], [], [], _POLL_SECONDS)
    return bool(readable) and not os.read(sys.stdin.fileno(), 1024)


def reap(pid: int) -> int | None:
    """Collects what has ended, orphans included; answers the wait status of `pid` when it is among them."""
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if ended in (0, pid):
            return status if ended else None


def kill_group(leader: int) -> None:
    """Kills a process group; that it is gone already is fine."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def kill_children() -> None:
    """Kills the children of this process until there are none: each that dies hands its own over."""
    while True:
        for pid in _children():
            os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:  # not Linux: the process group was all we can know
        return []


def remove(path: Path) -> None:
    """Removes a file or a directory, gone or not."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def main() -> int:
    """Reads the command line and runs the command."""
    parser = argparse.ArgumentParser(description="Run a command that ends when standard input closes.")
    parser.add_argument("--remove", action="append", default=[], type=Path, help="removed at the end")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    # Only the pipe ends us. A handler, unlike SIG_IGN, is not inherited by the command.
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: None)
    try:
        return run(arguments.command)
    finally:
        for path in arguments.remove:
            remove(path)


if __name__ == "__main__":
    sys.exit(main())
