"""The worker process that decodes untrusted files: `python -m processing.worker SETTINGS`, see `protocol`.

Gives up the right to open files before it reads the first byte of a photo. Then reads one request a line from stdin and
writes one reply a line to the original stdout. Exits when stdin ends, even while it renders.
"""

import codecs
import errno
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from io import FileIO
from mmap import ACCESS_READ, mmap
from typing import BinaryIO

from PIL import Image, JpegImagePlugin, WebPImagePlugin

from processing.failures import DarkroomError, FailureCode
from processing.images.formats.input_format import Header
from processing.images.header import further_pages, inspect_header
from processing.images.memory import memory_bytes
from processing.images.pipeline import render_photo
from processing.images.rendered import Rendered
from processing.settings import RenderSettings
from processing.worker.memory_limit import limit_growth, prefer_oom_kill
from processing.worker.protocol import (
    InspectRequest,
    RenderRequest,
    WorkerSettings,
    failure_reply,
    memory_reply,
    parse_request,
    ready_line,
    rendered_reply,
)
from processing.worker.sandbox import enter_sandbox

_STDOUT, _STDERR = 1, 2
_LIMIT_REACHED = "the memory limit was reached"
_DISK_FULL = (FailureCode.DISK_FULL, "the ephemeral storage is full")
_OS_FAILURES = {
    errno.ENOMEM: (FailureCode.OUT_OF_MEMORY, _LIMIT_REACHED),
    errno.ENOSPC: _DISK_FULL,
    errno.EDQUOT: _DISK_FULL,
}
# Registers the formats with Pillow.
_WRITTEN = (JpegImagePlugin, WebPImagePlugin)


def main(
    argument: str,
    render: Callable[..., Rendered] = render_photo,
    confine: Callable[[int], dict[str, bool]] = enter_sandbox,
) -> None:
    """Reply to requests until stdin ends; `_read_requests` then ends the process.

    Args:
        argument: see `WorkerSettings.as_argument`.
        render: called as `render_photo`.
        confine: called as `enter_sandbox`.
    """
    settings = WorkerSettings.parse(argument)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which decides when workers end
    replies = _take_stdout()
    source = memoryview(mmap(settings.source_descriptor, settings.mapped_bytes, access=ACCESS_READ))
    outputs = [FileIO(descriptor, "r+b", closefd=False) for descriptor in settings.output_descriptors]
    _preload()
    prefer_oom_kill()
    if settings.memory_limit_bytes:
        limit_growth(settings.memory_limit_bytes)
    sandbox = confine(max(settings.render.output_limits))
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_requests, args=(sys.stdin.buffer, requests), daemon=True).start()
    renderer = Renderer(settings.render, source, outputs, render)
    _send(replies, ready_line(sandbox))
    while True:
        _send(replies, renderer.reply(requests.get()))


class Renderer:
    """Inspects and renders photos; keeps the header that was inspected last for its rendering.

    Args:
        settings: renditions and limits.
        source: the mapped source file, of which a photo is the beginning.
        outputs: a file for each rendition, then the PDF's.
        render: called as `render_photo`.
    """

    def __init__(
        self, settings: RenderSettings, source: memoryview, outputs: list[FileIO], render: Callable[..., Rendered]
    ) -> None:
        self._settings = settings
        self._render = render
        self._source = source
        self._outputs = outputs
        self._inspected: Header | None = None

    def reply(self, line: bytes) -> bytes:
        """Return exactly one reply to a request line, also when it fails."""
        try:
            return self._carry_out(parse_request(line))
        except DarkroomError as error:
            return failure_reply(error.code, error.detail)
        except MemoryError:
            return failure_reply(FailureCode.OUT_OF_MEMORY, _LIMIT_REACHED)
        except OSError as error:
            unknown = (FailureCode.INTERNAL_ERROR, type(error).__name__)
            return failure_reply(*_OS_FAILURES.get(error.errno or 0, unknown))
        except Exception as error:  # noqa: BLE001 (a reply is due; only the class, because a message could hold paths)
            return failure_reply(FailureCode.INTERNAL_ERROR, type(error).__name__)

    def _carry_out(self, request: InspectRequest | RenderRequest) -> bytes:
        photo = self._source[: request.size_bytes]
        header, self._inspected = self._inspected, None
        if isinstance(request, RenderRequest):
            return rendered_reply(
                self._render(photo, self._outputs, self._settings, request.mark, header, request.title)
            )
        self._inspected = inspect_header(photo, self._settings.limits)
        pages = further_pages(photo, self._inspected, self._settings.limits)
        return memory_reply(max(memory_bytes(page, self._settings) for page in (self._inspected, *pages)))


def _preload() -> None:
    """Load what Python would load when it is first needed: in the sandbox nothing can be."""
    # As if Image.preinit() had run, which loads all common formats: 1 MB and 20 ms more than the one that is written.
    Image._initialized = 1
    codecs.lookup("utf-16-be")  # names of ICC profiles


def _take_stdout() -> BinaryIO:
    """Return the original stdout for replies; what native libraries print goes to stderr."""
    replies = os.fdopen(os.dup(_STDOUT), "wb")
    os.dup2(_STDERR, _STDOUT)
    return replies


def _read_requests(stdin: BinaryIO, requests: "queue.SimpleQueue[bytes]") -> None:
    for line in stdin:
        requests.put(line)
    os._exit(0)


def _send(replies: BinaryIO, line: bytes) -> None:
    try:
        replies.write(line)
        replies.flush()
    except BrokenPipeError:
        os._exit(0)  # the parent has gone


if __name__ == "__main__":
    main(sys.argv[1])
