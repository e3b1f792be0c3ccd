"""What the worker and its parent say to each other: one JSON object a line, in ASCII, so that no path breaks a line."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from processing.failures import DarkroomError, FailureCode, Family, PermanentError, RetryableError
from processing.rendered import Rendered, RenderedFile
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


def render_request(source: Path, into: Path, settings: RenderSettings) -> bytes:
    """A request as a line."""
    return _line({"source": str(source), "into": str(into), "settings": asdict(settings)})


def parse_request(line: bytes) -> RenderRequest:
    """The request in a line.

    Raises:
        ProtocolError: it holds none.
    """
    try:
        fields = json.loads(line)
        settings = fields["settings"]
        renditions = tuple(Rendition(**rendition) for rendition in settings["renditions"])
        return RenderRequest(
            source=Path(fields["source"]),
            into=Path(fields["into"]),
            settings=RenderSettings(renditions, Limits(**settings["limits"])),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ProtocolError("not a request") from error


def rendered_reply(rendered: Rendered) -> bytes:
    """A success as a line."""
    return _line({"rendered": asdict(rendered)})


def failure_reply(code: FailureCode, detail: str) -> bytes:
    """A failure as a line."""
    return _line({"failure": {"code": code, "detail": detail}})


def parse_rendered(line: bytes) -> Rendered:
    """What a reply says was rendered.

    Raises:
        PermanentError, RetryableError: the failure that the reply tells of.
        ProtocolError: the line holds no reply.
    """
    try:
        reply = json.loads(line)
        if "failure" in reply:
            raise _failure(FailureCode(reply["failure"]["code"]), str(reply["failure"]["detail"]))
        rendered = reply["rendered"]
        files = tuple(RenderedFile(**file) for file in rendered["files"])
        return Rendered(**rendered | {"files": files})
    except (ValueError, KeyError, TypeError) as error:
        raise ProtocolError("not a reply") from error


def _failure(code: FailureCode, detail: str) -> DarkroomError:
    kind = PermanentError if code.family is Family.PERMANENT else RetryableError
    return kind(code, detail)


def _line(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode("ascii") + b"\n"
