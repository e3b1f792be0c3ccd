"""Run the Serverless CLI of this repository, one at a time."""

import fcntl
import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.cli.repository import REPOSITORY

PROGRAM = "node_modules/.bin/osls"
_ABOUT_ITSELF = re.compile(r"(?m)^(?:(?:Environment|Docs|Support|Bugs|Learn more about [^:\n]*):?.*|Error:|\s*)\n")


@contextmanager
def locked() -> Iterator[str]:
    """Lock out other runs while the block runs, because the CLI works in one folder; yield its path."""
    lock = REPOSITORY / ".build" / "serverless.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield str(REPOSITORY / PROGRAM)


def run_serverless(command: str, options: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a command of the CLI in the terminal.

    Raises:
        OperatorError: it failed; the reason is on stderr, as all that it prints.
    """
    with locked() as program:
        process = subprocess.Popen(
            [program, command, *options],
            cwd=REPOSITORY,
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # it prints some errors to the one, some to the other
            text=True,
            errors="replace",
        )
        with process:
            for line in process.stdout or ():
                Screen().note(*readable(line).splitlines())
    if process.returncode:
        raise OperatorError(f"The Serverless CLI's `{command}` failed with status {process.returncode}; see above.")


def print_config(options: Sequence[str], environment: Mapping[str, str]) -> Any:
    """Return the resolved serverless.yml.

    Raises:
        OperatorError: it has mistakes, which the CLI's message names.
    """
    command = [str(REPOSITORY / PROGRAM), "print", "--format", "json", *options]
    done = subprocess.run(command, cwd=REPOSITORY, env=dict(environment), capture_output=True, text=True, check=False)
    if done.returncode:
        mistakes = readable(done.stdout + done.stderr).splitlines()
        raise OperatorError("serverless.yml cannot be deployed like this:", *mistakes)
    return json.loads(done.stdout)


def readable(text: str) -> str:
    """Remove what the CLI says about itself from its messages: its version, its web pages, its headings."""
    return _ABOUT_ITSELF.sub("", text)
