"""Keeps a steady rate."""

import time
from collections.abc import Callable


class RateLimit:
    """Lets through so many a second and never a burst beyond one call's worth.

    Args:
        per_second: how many; None for as fast as it goes.
        clock: seconds, monotonic.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        per_second: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_second = per_second
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    def batch_size(self, most: int) -> int:
        """How many to take at once, so that a slow rate does not come in bursts of ten."""
        return most if self._per_second is None else max(1, min(most, int(self._per_second)))

    def wait_for(self, count: int) -> None:
        """Waits until `count` more may go."""
        if self._per_second is None:
            return
        wait_seconds = self._next - self._clock()
        if wait_seconds > 0:
            self._sleep(wait_seconds)
        self._next = max(self._next, self._clock()) + count / self._per_second
