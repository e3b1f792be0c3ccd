"""How long a photo will probably take, learnt from the last ones here: what will not be finished is not begun."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import fmean

from handlers.time_budget import Deadline

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
    """Remembers how long recent photos took, in a worker and between S3 and here."""

    def __init__(self) -> None:
        self._renders: deque[float] = deque(maxlen=REMEMBERED)
        self._transfers: deque[float] = deque(maxlen=REMEMBERED)
        self._lock = threading.Lock()

    def note(self, *, render_seconds: float, transfer_seconds: float) -> None:
        """A photo took so long in a worker, and so long between S3 and here."""
        with self._lock:
            self._renders.append(render_seconds)
            self._transfers.append(transfer_seconds)

    @property
    def usual_render_seconds(self) -> float:
        """What each of several photos is expected to take in a worker."""
        with self._lock:
            return MARGIN * fmean(self._renders or [FIRST_RENDER_SECONDS])

    @property
    def render_seconds(self) -> float:
        """What a single photo is expected to take in a worker: as long as the slowest of the last ones."""
        with self._lock:
            return MARGIN * max(self._renders, default=FIRST_RENDER_SECONDS)

    @property
    def photo_seconds(self) -> float:
        """What a single photo is expected to take from its message to its outputs."""
        with self._lock:
            slowest_transfer_seconds = max(self._transfers, default=FIRST_TRANSFER_SECONDS)
        return self.render_seconds + MARGIN * slowest_transfer_seconds

    def require_render(self, deadline: Deadline) -> None:
        """Asks, when a photo's turn has come, whether it will be rendered in time.

        Raises:
            RetryableError: `out-of-time`.
        """
        deadline.require(bounded(self.render_seconds, deadline), "rendering")


class Line:
    """The photos of one invocation that are in work, and wait for each other.

    Args:
        pace: what to expect of each.
        workers: how many are rendered at a time.
        deadline: when all must be finished.
    """

    def __init__(self, pace: Pace, workers: int, deadline: Deadline) -> None:
        self.pace = pace
        self._workers = workers
        self._deadline = deadline
        self._length = 0
        self._changed = threading.Condition()

    def until(self, deadline: Deadline) -> "Line":
        """A line of its own, in which all must be finished by another time."""
        return Line(self.pace, self._workers, deadline)

    @property
    def has_room(self) -> bool:
        """Whether another photo and those ahead of it will probably be finished in time."""
        with self._changed:
            return self._deadline.seconds_left >= self._expected_seconds()

    @contextmanager
    def join(self) -> Iterator[None]:
        """Admits a photo for the block, as soon as it and those ahead of it will probably be finished in time.

        Raises:
            RetryableError: `out-of-time`.
        """
        with self._changed:
            self._wait_for_room()
            self._deadline.require(self._expected_seconds(), "another photo")
            self._length += 1
        try:
            yield
        finally:
            with self._changed:
                self._length -= 1
                self._changed.notify_all()

    def _wait_for_room(self) -> None:
        """Waits for those ahead while a photo alone would still fit behind them.

        They mostly turn out to be faster than feared, and a photo that is given back has one attempt less.
        """
        while self._length and not self.has_room:
            patience_seconds = self._deadline.seconds_left - bounded(self.pace.photo_seconds, self._deadline)
            if patience_seconds <= 0:
                return
            self._changed.wait(patience_seconds)

    def _expected_seconds(self) -> float:
        if not self._length:
            return bounded(self.pace.photo_seconds, self._deadline)
        return self.pace.usual_render_seconds * self._length / self._workers + self.pace.photo_seconds


def bounded(seconds: float, deadline: Deadline) -> float:
    """What is expected of a photo that has nobody ahead of it."""
    return max(LEAST_SECONDS, min(seconds, LARGEST_SHARE * deadline.whole_seconds))
