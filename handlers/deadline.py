"""How much of the invocation's time is left."""

import time
from dataclasses import dataclass

from processing.failures import FailureCode, RetryableError


@dataclass(frozen=True)
class Deadline:
    """A moment on the monotonic clock, which no change of the wall clock can move.

    Attributes:
        at_seconds: in `time.monotonic()`.
    """

    at_seconds: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        return cls(time.monotonic() + seconds)

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.at_seconds - time.monotonic())

    def require(self, seconds: float, purpose: str) -> None:
        """Refuses to start what is predicted not to finish.

        Raises:
            RetryableError: `out-of-time`.
        """
        if self.seconds_left < seconds:
            raise RetryableError(FailureCode.OUT_OF_TIME, f"not enough time left for {purpose}")
