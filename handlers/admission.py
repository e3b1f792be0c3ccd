"""Admits photos that will probably be done before the deadline, estimated from the durations of recent photos."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import fmean

from handlers.time_budget import Deadline

# Before the first photo: a large one in a new worker, and S3 when it is slow.
FIRST_RENDER_SECONDS = 2.0
FIRST_TRANSFER_SECONDS = 1.0
REMEMBERED = 20
MARGIN = 1.5
# However slow the last photos were, a photo alone may take most of a batch's time. Otherwise a container whose estimate
# exceeds a batch would never start a photo again, and never correct its estimate.
LARGEST_SHARE = 0.8
LEAST_SECONDS = 1.0


class DurationEstimate:
    """The expected duration of a photo, in a worker and in transfers from and to S3.

    Args:
        avif_seconds: of the AVIF renditions of a large photo, which come on top before the first photo.
    """

    def __init__(self, avif_seconds: float = 0.0) -> None:
        self._first_render_seconds = FIRST_RENDER_SECONDS + avif_seconds
        self._renders: deque[float] = deque(maxlen=REMEMBERED)
        self._transfers: deque[float] = deque(maxlen=REMEMBERED)
        self._lock = threading.Lock()

    def record(self, *, render_seconds: float, transfer_seconds: float) -> None:
        """Record the durations of a photo."""
        with self._lock:
            self._renders.append(render_seconds)
            self._transfers.append(transfer_seconds)

    @property
    def usual_render_seconds(self) -> float:
        """Return the mean time in a worker, plus a margin: for each of several photos."""
        with self._lock:
            return MARGIN * fmean(self._renders or [self._first_render_seconds])

    @property
    def render_seconds(self) -> float:
        """Return the longest recent time in a worker, plus a margin: for a single photo."""
        with self._lock:
            return MARGIN * max(self._renders, default=self._first_render_seconds)

    @property
    def photo_seconds(self) -> float:
        """Return the time of a single photo in a worker and in transfers."""
        with self._lock:
            slowest_transfer_seconds = max(self._transfers, default=FIRST_TRANSFER_SECONDS)
        return self.render_seconds + MARGIN * slowest_transfer_seconds

    def require_render(self, deadline: Deadline) -> None:
        """Check that rendering a photo now will probably end before the deadline.

        Raises:
            RetryableError: `out-of-time`.
        """
        deadline.require(bounded(self.render_seconds, deadline), "rendering")


class AdmissionQueue:
    """The photos of one invocation in process: `workers` are rendered at a time, all are done before `deadline`."""

    def __init__(self, estimate: DurationEstimate, workers: int, deadline: Deadline) -> None:
        self.estimate = estimate
        self._workers = workers
        self._deadline = deadline
        self._length = 0
        self._changed = threading.Condition()

    def until(self, deadline: Deadline) -> "AdmissionQueue":
        """Return an empty queue with another deadline."""
        return AdmissionQueue(self.estimate, self._workers, deadline)

    @property
    def has_room(self) -> bool:
        """Return True when another photo and those before it will probably be done in time."""
        with self._changed:
            return self._deadline.seconds_left >= self._expected_seconds()

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Admit a photo for the block, as soon as it and those before it will probably be done in time.

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
        """Wait for photos before this one while it would still fit after them.

        They mostly end sooner than estimated, and a photo that is deferred has one attempt less.
        """
        while self._length and not self.has_room:
            max_wait_seconds = self._deadline.seconds_left - bounded(self.estimate.photo_seconds, self._deadline)
            if max_wait_seconds <= 0:
                return
            self._changed.wait(max_wait_seconds)

    def _expected_seconds(self) -> float:
        if not self._length:
            return bounded(self.estimate.photo_seconds, self._deadline)
        return self.estimate.usual_render_seconds * self._length / self._workers + self.estimate.photo_seconds


def bounded(seconds: float, deadline: Deadline) -> float:
    """Return the estimate for a photo without others before it, within bounds."""
    return max(LEAST_SECONDS, min(seconds, LARGEST_SHARE * deadline.whole_seconds))
