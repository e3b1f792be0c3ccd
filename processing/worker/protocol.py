"""What the worker and its parent say to each other: one JSON object a line, in ASCII, so that no path breaks a line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from processing.failures import DarkroomError, FailureCode, Family, PermanentError, RetryableError
from processing.images.rendered import Rendered, RenderedFile
from processing.settings import Limits, RenderSettings, Rendition

READY = b'{"ready": true}\n'


class ProtocolError(RuntimeError):
    """A line that the other side would never have sent."""


@dataclass(frozen=True)
class RenderRequest:
    """What the worker should do: see `render_photo`."""

    source: Path
    into: Path
    settings: RenderSettings
    mark: str = ""


@dataclass(frozen=True)
class EstimateRequest:
    """What the worker should look at: see `inspect_header`."""

    source: Path
    limits: Limits


def estimate_request(source: Path, limits: Limits) -> bytes:
    """A request for the memory that a photo will need, as a line."""
    return _line({"source": str(source), "limits": asdict(limits)})


def render_request(source: Path, into: Path, settings: RenderSettings, mark: str = "") -> bytes:
    """A request as a line."""
    return _line({"source": str(source), "into": str(into), "settings": asdict(settings), "mark": mark})


def parse_request(line: bytes) -> RenderRequest | EstimateRequest:
    """The request in a line.

    Raises:
        ProtocolError: it holds none.
    """
    try:
        fields = json.loads(line)
        if "limits" in fields:
            return EstimateRequest(Path(fields["source"]), Limits(**fields["limits"]))
        settings = fields["settings"]
        renditions = tuple(Rendition(**rendition) for rendition in settings["renditions"])
        return RenderRequest(
            source=Path(fields["source"]),
            into=Path(fields["into"]),
            settings=RenderSettings(renditions, Limits(**settings["limits"])),
            mark=str(fields["mark"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ProtocolError("not a request") from error


def rendered_reply(rendered: Rendered) -> bytes:
    """A success as a line."""
    return _line({"rendered": asdict(rendered)})


def estimate_reply(memory_bytes: int) -> bytes:
    """An estimate as a line."""
    return _line({"memory_bytes": memory_bytes})


def failure_reply(code: FailureCode, detail: str) -> bytes:
    """A failure as a line."""
    return _line({"failure": {"code": code, "detail": detail}})


def parse_rendered(line: bytes) -> Rendered:
    """What a reply says was rendered.

    Raises:
        PermanentError, RetryableError: the failure that the reply tells of.
        ProtocolError: the line holds no reply.
    """
    with _reply_expected():
        rendered = _parse_reply(line)["rendered"]
        files = tuple(RenderedFile(**file) for file in rendered["files"])
        return Rendered(**rendered | {"files": files})


def parse_estimate(line: bytes) -> int:
    """How many bytes of memory a reply asks for.

    Raises:
        PermanentError, RetryableError: the failure that the reply tells of.
        ProtocolError: the line holds no reply.
    """
    with _reply_expected():
        return int(_parse_reply(line)["memory_bytes"])


def _parse_reply(line: bytes) -> dict[str, Any]:
    reply: dict[str, Any] = json.loads(line)
    if "failure" in reply:
        raise _failure(FailureCode(reply["failure"]["code"]), str(reply["failure"]["detail"]))
    return reply


@contextmanager
def _reply_expected() -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ProtocolError("not a reply") from error


def _failure(code: FailureCode, detail: str) -> DarkroomError:
    kind = PermanentError if code.family is Family.PERMANENT else RetryableError
    return kind(code, detail)


def _line(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode("ascii") + b"\n"
