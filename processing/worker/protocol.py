"""The protocol between a worker and its parent: one ASCII JSON object a line; photos and outputs travel in files.

The parent opens the files and the worker inherits their descriptors, see `WorkerFiles`. No line names a path.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from processing.failures import DarkroomError, FailureCode, Family, PermanentError, RetryableError
from processing.images.rendered import Rendered
from processing.layout import Layout, PhotoReport
from processing.photo_notes import Note
from processing.renditions import Rendition
from processing.settings import Limits, RenderSettings

# Five bytes of constants, then 4 bits for each of 5 to 29 coefficients of the luminance and 5 of each colour.
MIN_THUMB_HASH_BYTES, MAX_THUMB_HASH_BYTES = 5, 25
# A decoder can know no other cause; a worker that claims that S3 failed would make photos come back.
_CODES_OF_WORKERS = frozenset(
    (
        FailureCode.UNSUPPORTED_FORMAT,
        FailureCode.CORRUPT_IMAGE,
        FailureCode.TRUNCATED_IMAGE,
        FailureCode.EMPTY_OBJECT,
        FailureCode.TOO_MANY_BYTES,
        FailureCode.TOO_MANY_PIXELS,
        FailureCode.TOO_MANY_PAGES,
        FailureCode.OUT_OF_MEMORY,
        FailureCode.DISK_FULL,
        FailureCode.INTERNAL_ERROR,
    )
)
_UNPRINTABLE = re.compile(r"[^ -~]+")
_PATH = re.compile(r"\S*/\S*")
_MAX_DETAIL = 160


class ProtocolError(RuntimeError):
    """A line that is neither a request nor a reply."""


@dataclass(frozen=True)
class WorkerSettings:
    """The settings of a worker, sent once, as its command-line argument.

    Attributes:
        render: renditions and limits.
        memory_limit_bytes: address space that one photo may take beyond the worker's own; 0 for no limit.
        source_descriptor: of the file that photos come in.
        output_descriptors: of the file for each output, the PDF's last.
    """

    render: RenderSettings
    memory_limit_bytes: int = 0
    source_descriptor: int = -1
    output_descriptors: tuple[int, ...] = ()

    @property
    def descriptors(self) -> tuple[int, ...]:
        """Return all descriptors that the worker inherits."""
        return (self.source_descriptor, *self.output_descriptors)

    @property
    def mapped_bytes(self) -> int:
        """Return how much of the source file the worker maps: a byte more than a photo may have, so that it shows."""
        return self.render.limits.max_bytes + 1

    @classmethod
    def parse(cls, argument: str) -> "WorkerSettings":
        """Read the settings back from a command-line argument."""
        fields = json.loads(argument)
        render = fields["render"]
        render["renditions"] = tuple(Rendition(**rendition) for rendition in render["renditions"])
        render["limits"] = Limits(**render["limits"])
        fields["render"] = RenderSettings(**render)
        fields["output_descriptors"] = tuple(fields["output_descriptors"])
        return cls(**fields)

    def as_argument(self) -> str:
        """Return the settings as a command-line argument."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class InspectRequest:
    """A photo of `size_bytes` in the source file, whose header is to be read."""

    size_bytes: int


@dataclass(frozen=True)
class RenderRequest:
    """A photo of `size_bytes` in the source file, to be rendered; see `render_photo`."""

    size_bytes: int
    mark: str = ""
    title: str = ""


def inspect_line(size_bytes: int) -> bytes:
    """Return the request to read a header and estimate the memory that the photo needs."""
    return _line({"inspect": size_bytes})


def render_line(size_bytes: int, mark: str = "", title: str = "") -> bytes:
    """Return the request to render a photo; a header that was inspected last is not read again."""
    return _line({"render": size_bytes, "mark": mark, "title": title})


def parse_request(line: bytes) -> InspectRequest | RenderRequest:
    """Parse a request.

    Raises:
        ProtocolError: the line is not a request.
    """
    with _protocol_errors():
        fields = json.loads(line)
        if "inspect" in fields:
            return InspectRequest(_size(fields["inspect"]))
        return RenderRequest(_size(fields["render"]), str(fields["mark"]), str(fields["title"]))


def ready_line(sandbox: Mapping[str, bool]) -> bytes:
    """Return a worker's first line: which layers of its sandbox hold."""
    return _line({"ready": True, "sandbox": sandbox})


def memory_reply(memory_bytes: int) -> bytes:
    """Return the reply to an inspected photo."""
    return _line({"memory_bytes": memory_bytes})


def rendered_reply(rendered: Rendered) -> bytes:
    """Return the reply to a rendered photo: the sizes of its renditions, its ThumbHash and the notes on it."""
    sizes = [[file.width_px, file.height_px] for file in rendered.files[:-1]]
    placeholder, notes = rendered.thumb_hash.hex(), list(rendered.notes)
    return _line({"rendered": {"sizes": sizes, "thumb_hash": placeholder, "notes": notes}})


def failure_reply(code: FailureCode, detail: str) -> bytes:
    """Return the reply to a request that failed."""
    return _line({"failure": {"code": code, "detail": detail}})


def parse_ready(line: bytes) -> dict[str, bool]:
    """Return which layers of the worker's sandbox hold.

    Raises:
        ProtocolError: the line does not say that a worker is ready.
    """
    with _protocol_errors():
        fields = json.loads(line)
        if fields["ready"] is not True:
            raise ValueError("not ready")
        return {str(layer): holds is True for layer, holds in fields["sandbox"].items()}


def parse_memory(line: bytes) -> int:
    """Return the memory that an inspected photo needs.

    Raises:
        PermanentError, RetryableError: the failure in the reply.
        ProtocolError: the line is not such a reply.
    """
    with _protocol_errors():
        return _size(_reply(line)["memory_bytes"])


def parse_rendered(line: bytes, renditions: Sequence[Rendition]) -> PhotoReport:
    """Return the report about a rendered photo: sizes that the renditions allow, a ThumbHash, known notes.

    Raises:
        PermanentError, RetryableError: the failure in the reply.
        ProtocolError: the line is not such a reply.
    """
    with _protocol_errors():
        rendered = _reply(line)["rendered"]
        sizes = {
            rendition.file_name: _size_within(rendition.box, size)
            for rendition, size in zip(renditions, rendered["sizes"], strict=True)
        }
        placeholder = bytes.fromhex(rendered["thumb_hash"])
        if not MIN_THUMB_HASH_BYTES <= len(placeholder) <= MAX_THUMB_HASH_BYTES:
            raise ValueError("not a ThumbHash")
        notes = {Note(name) for name in rendered["notes"][: len(Note)]}
        layout = Layout(sizes=sizes, thumb_hash=b64encode(placeholder).decode())
        return PhotoReport(layout=layout, notes=tuple(sorted(notes)))


def _reply(line: bytes) -> Any:
    reply = json.loads(line)
    if "failure" in reply:
        raise _failure(FailureCode(reply["failure"]["code"]), str(reply["failure"]["detail"]))
    return reply


def _size_within(box: tuple[int, int], size: object) -> tuple[int, int]:
    if not isinstance(size, list):
        raise TypeError("not a size in pixels")
    width, height = map(_size, size)
    if not (1 <= width <= box[0] and 1 <= height <= box[1]):
        raise ValueError("larger than the rendition")
    return width, height


@contextmanager
def _protocol_errors() -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ProtocolError("neither a request nor a reply") from error


def _size(value: object) -> int:
    if not isinstance(value, int) or value < 0:  # a negative number would enlarge a memory budget
        raise ValueError("not a size")
    return int(value)


def _failure(code: FailureCode, detail: str) -> DarkroomError:
    if code not in _CODES_OF_WORKERS:
        raise ValueError("a code that no worker uses")
    kind = PermanentError if code.family is Family.PERMANENT else RetryableError
    return kind(code, _PATH.sub("...", _UNPRINTABLE.sub(" ", detail[:1000]))[:_MAX_DETAIL])


def _line(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode("ascii") + b"\n"
