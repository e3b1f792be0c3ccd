"""The child process that decodes strangers' files: `python -m processing.worker [MEMORY_LIMIT_BYTES]`.

Reads one request a line from stdin and answers each with one line on what was stdout when it started. Says that it is
ready first, after the slow imports. Ends when stdin does, even in the middle of a photo: nobody is left to answer.
"""

import errno
import os
import queue
import signal
import sys
import threading
from typing import BinaryIO

from processing.failures import DarkroomError, FailureCode
from processing.images.header import inspect_header
from processing.images.pipeline import render_photo
from processing.worker.memory_limit import go_first, limit_growth
from processing.worker.protocol import (
    READY,
    EstimateRequest,
    estimate_reply,
    failure_reply,
    parse_request,
    rendered_reply,
)

_STDOUT, _STDERR = 1, 2
_LIMIT_REACHED = "the memory limit was reached"
_DISK_FULL = (FailureCode.DISK_FULL, "the temporary disk is full")
_OS_FAILURES = {
    errno.ENOMEM: (FailureCode.OUT_OF_MEMORY, _LIMIT_REACHED),  # mapping a file takes address space too
    errno.ENOSPC: _DISK_FULL,
    errno.EDQUOT: _DISK_FULL,
}


def main(arguments: list[str]) -> None:
    """Answers requests for ever; `_read_requests` ends the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which decides when we end
    replies = _take_stdout()
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_requests, args=(sys.stdin.buffer, requests), daemon=True).start()
    go_first()
    if arguments:
        limit_growth(int(arguments[0]))
    _send(replies, READY)
    while True:
        _send(replies, answer(requests.get()))


def answer(line: bytes) -> bytes:
    """The reply to one request: whatever happens, there is exactly one."""
    try:
        request = parse_request(line)
        if isinstance(request, EstimateRequest):
            return estimate_reply(inspect_header(request.source, request.limits).memory_bytes)
        return rendered_reply(render_photo(request.source, request.into, request.settings, request.mark))
    except DarkroomError as error:
        return failure_reply(error.code, error.detail)
    except MemoryError:
        return failure_reply(FailureCode.OUT_OF_MEMORY, _LIMIT_REACHED)
    except OSError as error:
        return failure_reply(*_OS_FAILURES.get(error.errno or 0, (FailureCode.INTERNAL_ERROR, type(error).__name__)))
    except Exception as error:  # noqa: BLE001 (the parent must get an answer; a message could carry paths, so only the class)
        return failure_reply(FailureCode.INTERNAL_ERROR, type(error).__name__)


def _take_stdout() -> BinaryIO:
    """Keeps the way to the parent for replies alone: whatever native libraries print now goes to stderr."""
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
        os._exit(0)  # nobody is left to answer


if __name__ == "__main__":
    main(sys.argv[1:])
