"""The function in a process of its own, as Lambda runs it: one event a line on stdin, one answer a line on stdout.

A photo that says so kills the whole process, with the signal that the kernel sends when memory runs out.
"""

import json
import os
import signal
import sys
from typing import Any

import handlers.batch
from handlers.process_images import house, lambda_handler
from handlers.worker_pool import WorkerPool
from processing.worker.protocol import RenderRequest
from tests.support.events import lambda_context

POISON = b"poison for the whole function"
TIMEOUT_SECONDS = 13.0


def render_unless_poisoned(pool: WorkerPool, request: RenderRequest, *others: Any) -> Any:
    if POISON in request.source.read_bytes():
        os.kill(os.getpid(), signal.SIGKILL)
    return _render(pool, request, *others)


_render = WorkerPool.render


def main() -> None:
    """Answers events for ever, until stdin ends or a photo kills it."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # logs and metrics do not belong between the answers
    # The test's clocks run ten times faster than life's.
    handlers.batch.GRACE_SECONDS = 1.0
    handlers.batch.HEAD_START_SECONDS = 2.5
    house.pace.note(render_seconds=0.1, transfer_seconds=0.1)
    WorkerPool.render = render_unless_poisoned  # type: ignore[method-assign, assignment]
    for line in sys.stdin:
        answers.write(json.dumps(lambda_handler(json.loads(line), lambda_context(TIMEOUT_SECONDS))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
