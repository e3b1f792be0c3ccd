"""How much of the invocation's time is left."""

import time
from dataclasses import dataclass

from processing.failures import FailureCode, RetryableError


@dataclass(frozen=True)
class Deadline:
    """A moment on the monotonic clock, which no change of the wall clock can move.

    Attributes:
        at_seconds: in `time.monotonic()`.
        whole_seconds: how far away it was in the beginning.
    """

    at_seconds: float
    whole_seconds: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        return cls(time.monotonic() + seconds, max(0.0, seconds))

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.at_seconds - time.monotonic())

    @property
    def is_over(self) -> bool:
        return not self.seconds_left

    def later(self, seconds: float) -> "Deadline":
        """One that is so much further away."""
        return Deadline(self.at_seconds + seconds, self.whole_seconds + seconds)

    def halved(self) -> "Deadline":
        """One that is half as far away from now on."""
        return Deadline.after(self.seconds_left / 2)

    def require(self, seconds: float, purpose: str) -> None:
        """Refuses what is predicted not to finish; 0 seconds refuse only when the time is over.

        Raises:
            RetryableError: `out-of-time`.
        """
        if self.is_over or self.seconds_left < seconds:
            raise RetryableError(FailureCode.OUT_OF_TIME, f"not enough time left for {purpose}")
