"""The function in a process of its own: one event a line on stdin, one response a line on stdout.

A photo that contains `POISON` kills the whole process, with the signal that the kernel sends when memory runs out.
"""

import json
import os
import signal
import sys
from dataclasses import replace

from handlers.clients import make_client
from handlers.photo_files import PhotoFiles
from handlers.services import Services
from handlers.time_budget import Deadline, Stopwatch, TimeBudget
from handlers.worker_pool import WorkerPool
from processing.layout import PhotoReport
from tests.support.events import lambda_context
from tests.support.fake_workers import content

POISON = b"poison for the whole function"
TIMEOUT_SECONDS = 13.0
# The visibility timeout of the test's queue is as short as AWS allows.
SHORT = TimeBudget(grace_seconds=1.0, stagger_seconds=2.5)


class CrashingPool(WorkerPool):
    """Kills this process when a photo contains `POISON`."""

    def render(self, photo: PhotoFiles, mark: str, deadline: Deadline, stopwatch: Stopwatch) -> PhotoReport:
        if POISON in content(photo):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().render(photo, mark, deadline, stopwatch)


def main() -> None:
    """Respond to events until stdin ends or a photo kills this process."""
    responses = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # logs and metrics must not come between the responses
    services = replace(Services.build(os.environ, make_client, CrashingPool), time_budget=SHORT)
    services.workers.estimate.record(render_seconds=0.1, transfer_seconds=0.1)
    for line in sys.stdin:
        responses.write(json.dumps(services.handle(json.loads(line), lambda_context(TIMEOUT_SECONDS))) + "\n")
        responses.flush()


if __name__ == "__main__":
    main()
