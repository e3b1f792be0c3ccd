"""Run the Serverless CLI of this repository, one at a time."""

import fcntl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from scripts.cli.repository import REPOSITORY

PROGRAM = "node_modules/.bin/osls"


@contextmanager
def locked() -> Iterator[str]:
    """Lock out other runs while the block runs, because the CLI works in one folder; yield its path."""
    lock = REPOSITORY / ".build" / "serverless.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield str(REPOSITORY / PROGRAM)


def run_serverless(command: str, options: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a command of the CLI in the terminal; if it fails, end this process with its exit status."""
    with locked() as program:
        done = subprocess.run([program, command, *options], cwd=REPOSITORY, env=dict(environment), check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def print_config(options: Sequence[str], environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Print the resolved serverless.yml as JSON, or the CLI's errors."""
    command = [str(REPOSITORY / PROGRAM), "print", "--format", "json", *options]
    return subprocess.run(command, cwd=REPOSITORY, env=dict(environment), capture_output=True, text=True, check=False)
