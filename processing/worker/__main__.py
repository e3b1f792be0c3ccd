"""The worker process that decodes untrusted files: `python -m processing.worker SETTINGS`, see `protocol`.

Reads one request a line from stdin and writes one reply a line to the original stdout, after a first line that says it
is ready. Exits when stdin ends, even while it renders.
"""

import errno
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from processing.failures import DarkroomError, FailureCode
from processing.images.formats.input_format import Header
from processing.images.header import inspect_header
from processing.images.pipeline import render_photo
from processing.settings import RenderSettings
from processing.worker.memory_limit import limit_growth, prefer_oom_kill
from processing.worker.protocol import (
    READY,
    RENDERED,
    RenderRequest,
    WorkerSettings,
    failure_reply,
    memory_reply,
    parse_request,
)

_STDOUT, _STDERR = 1, 2
_LIMIT_REACHED = "the memory limit was reached"
_DISK_FULL = (FailureCode.DISK_FULL, "the temporary disk is full")
_OS_FAILURES = {
    errno.ENOMEM: (FailureCode.OUT_OF_MEMORY, _LIMIT_REACHED),  # mapping a file takes address space too
    errno.ENOSPC: _DISK_FULL,
    errno.EDQUOT: _DISK_FULL,
}


def main(argument: str, render: Callable[..., object] = render_photo) -> None:
    """Reply to requests until stdin ends; `_read_requests` then ends the process.

    Args:
        argument: see `WorkerSettings.as_argument`.
        render: called as `render_photo`.
    """
    settings = WorkerSettings.parse(argument)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which decides when workers end
    replies = _take_stdout()
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_requests, args=(sys.stdin.buffer, requests), daemon=True).start()
    prefer_oom_kill()
    if settings.memory_limit_bytes:
        limit_growth(settings.memory_limit_bytes)
    renderer = Renderer(settings.render, render)
    _send(replies, READY)
    while True:
        _send(replies, renderer.reply(requests.get()))


class Renderer:
    """Inspects and renders photos; keeps the header that was inspected last for its rendering."""

    def __init__(self, settings: RenderSettings, render: Callable[..., object]) -> None:
        self._settings = settings
        self._render = render
        self._inspected: dict[Path, Header] = {}

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

    def _carry_out(self, request: Path | RenderRequest) -> bytes:
        if isinstance(request, RenderRequest):
            header = self._inspected.pop(request.source, None)
            self._render(request.source, request.into, self._settings, request.mark, header)
            return RENDERED
        self._inspected.clear()
        header = self._inspected[request] = inspect_header(request, self._settings.limits)
        return memory_reply(header.memory_bytes)


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
