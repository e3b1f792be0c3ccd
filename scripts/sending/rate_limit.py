"""A rate limit for batches of messages."""

import time
from collections.abc import Callable


class RateLimit:
    """Spaces batches out to a steady rate, without bursts.

    Args:
        per_second: messages a second; None for no limit.
        clock: seconds, monotonic.
        sleep: waits a number of seconds.
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
        """Return the batch size: one second's messages, `most` at most."""
        return most if self._per_second is None else max(1, min(most, int(self._per_second)))

    def wait_for(self, count: int) -> None:
        """Wait until `count` more messages may be sent."""
        if self._per_second is None:
            return
        wait_seconds = self._next - self._clock()
        if wait_seconds > 0:
            self._sleep(wait_seconds)
        self._next = max(self._next, self._clock()) + count / self._per_second
