"""How long a photo will probably take, learnt from the last ones here: what will not be finished is not begun."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import fmean

from handlers.deadline import Deadline

# Before the first photo: a large one on a cold decoder, and S3 as it answers on a bad day.
FIRST_RENDER_SECONDS = 2.0
FIRST_TRANSFER_SECONDS = 1.0
REMEMBERED = 20
MARGIN = 1.5
# However bad the last photos were, one has the better part of a whole batch: in a container that expected more than a
# batch can give, no photo would ever be begun again, and nothing new would be learnt.
LARGEST_SHARE = 0.8
LEAST_SECONDS = 1.0


class Pace:
    """Remembers recent photos, and expects the next one to be like the slowest of them.

    Args:
        workers: how many photos are rendered at a time; the others wait in line.
    """

    def __init__(self, workers: int = 1) -> None:
        self._workers = workers
        self._in_line = 0
        self._renders: deque[float] = deque([FIRST_RENDER_SECONDS], maxlen=REMEMBERED)
        self._transfers: deque[float] = deque([FIRST_TRANSFER_SECONDS], maxlen=REMEMBERED)
        self._lock = threading.Lock()

    @contextmanager
    def in_line(self, deadline: Deadline) -> Iterator[None]:
        """Admits a photo for the block, if it and those ahead of it will probably be finished in time.

        Raises:
            RetryableError: `out-of-time`.
        """
        with self._lock:
            deadline.require(self._line_seconds() + self._own_seconds(deadline), "another photo")
            self._in_line += 1
        try:
            yield
        finally:
            with self._lock:
                self._in_line -= 1

    def require_render(self, deadline: Deadline) -> None:
        """Asks again when a photo's turn has come: those ahead of it may have been slower than expected.

        Raises:
            RetryableError: `out-of-time`.
        """
        with self._lock:
            deadline.require(_bounded(MARGIN * max(self._renders), deadline), "rendering")

    def note(self, *, render_seconds: float, transfer_seconds: float) -> None:
        """A photo took so long in a worker, and so long between S3 and here."""
        with self._lock:
            self._renders.append(render_seconds)
            self._transfers.append(transfer_seconds)

    def _line_seconds(self) -> float:
        return MARGIN * fmean(self._renders) * self._in_line / self._workers

    def _own_seconds(self, deadline: Deadline) -> float:
        return _bounded(MARGIN * (max(self._renders) + max(self._transfers)), deadline)


def _bounded(seconds: float, deadline: Deadline) -> float:
    return max(LEAST_SECONDS, min(seconds, LARGEST_SHARE * deadline.whole_seconds))
