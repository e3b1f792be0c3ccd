"""Run a command that ends when this process does, even when this process is killed.

`supervised` starts this file as a process between the two. It reads a pipe that the parent holds open and never writes
to; when the pipe closes, it kills the command with all its descendants and removes their files.

    python supervisor.py PATH... -- COMMAND...
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
_END_TIMEOUT_SECONDS = 60.0  # a busy machine needs time to remove gigabytes


@contextmanager
def supervised(
    command: Sequence[str], environment: Mapping[str, str], log: Path, *, cwd: Path, remove: Sequence[Path] = ()
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command that ends, with its descendants, when the block or this process does.

    Args:
        command: program and arguments.
        environment: all of it.
        log: receives the command's output, appended.
        cwd: where it runs.
        remove: files and directories to remove at the end.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", __file__, *map(str, remove), "--", *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=cwd,
            start_new_session=True,
        )
    assert process.stdin is not None  # noqa: S101 (for the type checker: it is a pipe)
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait(_END_TIMEOUT_SECONDS)


def run(command: Sequence[str]) -> int:
    """Run the command until it ends or standard input closes; return its exit status."""
    if sys.platform == "linux":  # orphaned descendants become children of this process
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # A session of its own: Ctrl-C at the terminal reaches the parent only, which decides what ends.
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=kill_without_parent, args=(child.pid,), daemon=True).start()
    ended = 0
    while ended != child.pid:  # orphans that end are reaped, too
        ended, status = os.waitpid(-1, 0)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    kill_descendants()
    return os.waitstatus_to_exitcode(status)


def kill_without_parent(group: int) -> None:
    """Wait for standard input to close, then kill a process group."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def kill_descendants() -> None:
    """Kill every descendant; repeat, because a process can start another while it is being killed."""
    while True:
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def main(arguments: Sequence[str]) -> int:
    """Run the command after `--`; then remove the paths before it."""
    # Only the pipe ends this process. The command does not inherit a handler, as it would SIG_IGN.
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: None)
    end = arguments.index("--")
    try:
        return run(arguments[end + 1 :])
    finally:
        for path in map(Path, arguments[:end]):
            shutil.rmtree(path, ignore_errors=True)
            with suppress(OSError):
                path.unlink()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
