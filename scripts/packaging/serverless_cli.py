"""The Serverless CLI of this repository: where it is, and that only one runs at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = "node_modules/.bin/osls"


@contextmanager
def serverless_cli(repository: Path) -> Iterator[str]:
    """The program's path; others wait while the block runs, because the CLI works in one folder, .serverless."""
    lock = repository / ".build" / "serverless.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield str(repository / PROGRAM)
