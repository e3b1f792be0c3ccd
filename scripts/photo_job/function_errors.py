"""Errors of the function itself on a local stack, which no digest reports: it cannot start, or was killed."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from scripts.cli.errors import OperatorError

EVERY_SECONDS = 1.0
# A killed process is replaced, and its batch comes back; but a function that never works ends the job.
MAX_WITHOUT_OUTCOME = 3
_AT_INIT = "Worker init failed: "
# The first line of an entry of the log begins with its time.
_ENTRY = re.compile(r"^(?=\d{4}-\d\d-\d\d )", re.MULTILINE)
_FAILED = re.compile(r"ESM: Lambda (\S+) failed processing .*?errorMessage=(.*?)\)\n", re.DOTALL)


@dataclass
class LocalLog:
    """The errors of one function in the log of the local AWS, read as they come.

    Args:
        path: of the log.
        function: its name.
    """

    path: Path
    function: str
    _position: int = 0
    _rest: str = ""

    def new_errors(self) -> list[str]:
        """Return the errors since the last call, in the words of the function or of Lambda."""
        with self.path.open("rb") as file:
            file.seek(self._position)
            content = file.read()
        self._position += len(content)
        text = self._rest + content.decode(errors="replace")
        lines, newline, self._rest = text.rpartition("\n")
        found = [match for entry in _ENTRY.split(lines + newline) if (match := _FAILED.search(entry))]
        return [match[2].strip() for match in found if match[1] == self.function]


@dataclass
class FunctionWatch:
    """Tell the user what befell the function; end the job when it cannot start.

    Args:
        log: of the local AWS.
        has_outcome: returns True once a photo has an outcome.
        say: prints lines.
    """

    log: LocalLog
    has_outcome: Callable[[], bool]
    say: Callable[..., None]
    _told: set[str] = field(default_factory=set)
    _failed: int = 0
    _last_look: float = 0.0

    def look(self) -> None:
        """Look for new errors, once a second at most.

        Raises:
            OperatorError: the function cannot start, or fails each time.
        """
        if time.monotonic() - self._last_look < EVERY_SECONDS:
            return
        self._last_look = time.monotonic()
        for error in self.log.new_errors():
            self._failed += 1
            if error.startswith(_AT_INIT):
                raise OperatorError("the function cannot start:", *error.removeprefix(_AT_INIT).splitlines())
            if self._failed >= MAX_WITHOUT_OUTCOME and not self.has_outcome():
                raise OperatorError("the function failed each time:", *error.splitlines())
            if error not in self._told:
                self._told.add(error)
                self.say(f"The function failed, and its photos are tried again later: {error}")
