"""Errors of the function itself, which no digest reports: it cannot start, was killed, or outlasted its time."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from scripts.aws.local_endpoint import find_running_stack
from scripts.aws.stage import Stage
from scripts.cli.errors import OperatorError

if TYPE_CHECKING:
    from types_boto3_logs import CloudWatchLogsClient

EVERY_SECONDS = 1.0
# A killed process is replaced, and its batch comes back; but a function that never works ends the job.
MAX_WITHOUT_OUTCOME = 3
_AT_INIT = "Worker init failed: "
# The first line of an entry of the log begins with its time.
_ENTRY = re.compile(r"^(?=\d{4}-\d\d-\d\d )", re.MULTILINE)
_FAILED = re.compile(r"ESM: Lambda (\S+) failed processing .*?errorMessage=(.*?)\)\n", re.DOTALL)

# Lambda's own JSON lines: the runtime's errors have an errorMessage, ours a message; the report of a killed invocation
# has the status (AWS Lambda Developer Guide, "Log format": system logs).
_STAGE_PATTERN = '{ ($.errorMessage = "*") || (($.type = "platform.*") && ($.record.status != "success")) }'
_LONGEST_LOOK_BACK_MS = 60_000


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

    @classmethod
    def from_now(cls, path: Path, function: str) -> "LocalLog":
        """Return the log without the errors of earlier jobs."""
        return cls(path, function, path.stat().st_size)

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
class StageLog:
    """The errors of a stage's function in CloudWatch Logs, from now on.

    Args:
        logs: the client.
        function: its name.
    """

    logs: "CloudWatchLogsClient"
    function: str
    _since_ms: int = field(default_factory=lambda: int(time.time() * 1000))
    _seen: set[str] = field(default_factory=set)

    def new_errors(self) -> list[str]:
        """Return the errors since the last call; none where the log may not be read or does not exist yet."""
        since_ms = max(self._since_ms, int(time.time() * 1000) - _LONGEST_LOOK_BACK_MS)
        try:
            events = self.logs.filter_log_events(
                logGroupName=f"/aws/lambda/{self.function}", startTime=since_ms, filterPattern=_STAGE_PATTERN
            )["events"]
        except ClientError:  # the job goes on without it: AccessDenied, ResourceNotFound, Throttling
            return []
        new = {_identity(event): event["message"] for event in events if _identity(event) not in self._seen}
        self._seen.update(new)
        return [error for message in new.values() if (error := _stage_error(message))]


def stage_errors(stage: Stage) -> LocalLog | StageLog:
    """Return the errors of a stage's function from now on.

    A local AWS writes what kills a function, or keeps it from starting, to its own log and not to CloudWatch Logs.
    """
    function, running = stage.outputs.process_function, find_running_stack()
    if running and running.endpoint_url == stage.logs.meta.endpoint_url:
        return LocalLog.from_now(running.log, function)
    return StageLog(stage.logs, function)


def _identity(event: Mapping[str, Any]) -> str:
    """Return what tells an event from others; a local AWS gives it no id."""
    return str(event.get("eventId") or f"{event.get('logStreamName')} {event.get('timestamp')} {event['message']}")


@dataclass
class FunctionWatch:
    """Tell the user what befell the function; end a job on a laptop when it cannot start.

    Args:
        log: of the function.
        has_outcome: returns True once a photo has an outcome.
        say: prints lines.
        ends_job: whether a function that cannot start ends the job; a stage may be deployed again meanwhile.
        every_seconds: looks at most so often.
    """

    log: LocalLog | StageLog
    has_outcome: Callable[[], bool]
    say: Callable[..., None]
    ends_job: bool = True
    every_seconds: float = EVERY_SECONDS
    _told: set[str] = field(default_factory=set)
    _failed: int = 0
    _last_look: float = 0.0

    def look(self) -> None:
        """Look for new errors.

        Raises:
            OperatorError: the function cannot start, or fails each time.
        """
        if time.monotonic() - self._last_look < self.every_seconds:
            return
        self._last_look = time.monotonic()
        for error in self.log.new_errors():
            self._failed += 1
            if self.ends_job:
                self._end_if_hopeless(error)
            if error not in self._told:
                self._told.add(error)
                self.say(f"The function failed, and its photos are tried again later: {error}")

    def _end_if_hopeless(self, error: str) -> None:
        if error.startswith(_AT_INIT):
            raise OperatorError("the function cannot start:", *error.removeprefix(_AT_INIT).splitlines())
        if self._failed >= MAX_WITHOUT_OUTCOME and not self.has_outcome():
            raise OperatorError("the function failed each time:", *error.splitlines())


def _stage_error(message: str) -> str:
    """Return the error of a line of Lambda's JSON log, such as `timeout`; "" for a line that is none."""
    try:
        entry = json.loads(message)
        record = entry.get("record") or {}
        kind, reason = entry.get("errorType") or record.get("errorType"), entry.get("errorMessage")
    except (ValueError, AttributeError):
        return ""
    status = record.get("status") if record.get("status") != "success" else None
    return ": ".join(str(part) for part in (kind, reason or status) if part) if reason or status else ""
