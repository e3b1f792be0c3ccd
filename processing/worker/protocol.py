"""The protocol between a worker and its parent: one ASCII JSON object a line, so that no path breaks a line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from processing.failures import DarkroomError, FailureCode, Family, PermanentError, RetryableError
from processing.settings import Limits, RenderSettings, Rendition

READY = b'{"ready": true}\n'
RENDERED = b'{"rendered": true}\n'


class ProtocolError(RuntimeError):
    """A line that is neither a request nor a reply."""


@dataclass(frozen=True)
class WorkerSettings:
    """The settings of a worker, sent once, as its command-line argument.

    Attributes:
        render: renditions and limits.
        memory_limit_bytes: address space that one photo may take beyond the worker's own; 0 for no limit.
    """

    render: RenderSettings
    memory_limit_bytes: int = 0

    @classmethod
    def parse(cls, argument: str) -> "WorkerSettings":
        """Read the settings back from a command-line argument."""
        fields = json.loads(argument)
        renditions = tuple(Rendition(**rendition) for rendition in fields["render"]["renditions"])
        render = RenderSettings(renditions, Limits(**fields["render"]["limits"]))
        return cls(render, fields["memory_limit_bytes"])

    def as_argument(self) -> str:
        """Return the settings as a command-line argument."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class RenderRequest:
    """A photo to render; see `render_photo`."""

    source: Path
    into: Path
    mark: str = ""


def inspect_line(source: Path) -> bytes:
    """Return the request to read a header and estimate the memory that the photo needs."""
    return _line({"inspect": str(source)})


def render_line(request: RenderRequest) -> bytes:
    """Return the request to render a photo; a header that was inspected last is not read again."""
    return _line({"render": str(request.source), "into": str(request.into), "mark": request.mark})


def parse_request(line: bytes) -> Path | RenderRequest:
    """Parse a request: a path to inspect, or a photo to render.

    Raises:
        ProtocolError: the line is not a request.
    """
    with _protocol_errors():
        fields = json.loads(line)
        if "inspect" in fields:
            return Path(fields["inspect"])
        return RenderRequest(Path(fields["render"]), Path(fields["into"]), str(fields["mark"]))


def memory_reply(memory_bytes: int) -> bytes:
    """Return the reply to an inspected photo."""
    return _line({"memory_bytes": memory_bytes})


def failure_reply(code: FailureCode, detail: str) -> bytes:
    """Return the reply to a request that failed."""
    return _line({"failure": {"code": code, "detail": detail}})


def parse_reply(line: bytes, field: str) -> int:
    """Return `memory_bytes` or `rendered` from a reply.

    Raises:
        PermanentError, RetryableError: the failure in the reply.
        ProtocolError: the line is not a reply with that field.
    """
    with _protocol_errors():
        reply = json.loads(line)
        if "failure" in reply:
            raise _failure(FailureCode(reply["failure"]["code"]), str(reply["failure"]["detail"]))
        if not isinstance(reply[field], int):
            raise TypeError(field)
        return int(reply[field])


@contextmanager
def _protocol_errors() -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ProtocolError("neither a request nor a reply") from error


def _failure(code: FailureCode, detail: str) -> DarkroomError:
    kind = PermanentError if code.family is Family.PERMANENT else RetryableError
    return kind(code, detail)


def _line(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode("ascii") + b"\n"
