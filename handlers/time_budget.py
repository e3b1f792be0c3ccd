"""The time of an invocation: its budget in named parts, its deadline, and a stopwatch."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from processing.failures import FailureCode, RetryableError

# A call to SQS or SNS that hangs: each attempt times out.
MESSAGING_TIMEOUT_SECONDS = 2
MESSAGING_ATTEMPTS = 2


@dataclass(frozen=True, kw_only=True)
class TimeBudget:
    """Times that an invocation reserves at its end, and visibility of possible crashers.

    Attributes:
        in_flight_seconds: requests under way at the deadline may still complete.
        cleanup_seconds: settles messages that were not settled in time; the rest waits for its visibility timeout.
        digest_seconds: publishes the digest, also when SNS hangs.
        response_seconds: returns the response.
        grace_seconds: after this long past the deadline a message that is not settled counts as crashed; longer than
            what is reserved.
        stagger_seconds: possible crashers become visible this far apart, so that after a crash each returns in a batch
            of its own and costs the others no attempt.
    """

    in_flight_seconds: float = 0.5
    cleanup_seconds: float = 3.0
    digest_seconds: float = MESSAGING_ATTEMPTS * MESSAGING_TIMEOUT_SECONDS + 1.0  # a second for the client's backoff
    response_seconds: float = 0.5
    grace_seconds: float = 15.0
    stagger_seconds: float = 60.0

    @property
    def reserved_seconds(self) -> float:
        """Return the time between the deadline for photos and Lambda's timeout."""
        return self.in_flight_seconds + self.cleanup_seconds + self.digest_seconds + self.response_seconds

    def deadline(self, seconds_left: float) -> "Deadline":
        """Return the deadline for photos of an invocation with `seconds_left` until Lambda's timeout."""
        return Deadline.after(seconds_left - self.reserved_seconds)


@dataclass(frozen=True)
class Deadline:
    """A moment on the monotonic clock, which changes of the wall clock do not move.

    Attributes:
        at_seconds: in `time.monotonic()`.
        whole_seconds: its distance when it was set.
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
        """Return this deadline plus `seconds`."""
        return Deadline(self.at_seconds + seconds, self.whole_seconds + seconds)

    def halved(self) -> "Deadline":
        """Return the deadline at half of the time left."""
        return Deadline.after(self.seconds_left / 2)

    def require(self, seconds: float, purpose: str) -> None:
        """Check that at least `seconds` are left; with 0, that the deadline has not passed.

        Raises:
            RetryableError: `out-of-time`.
        """
        if self.is_over or self.seconds_left < seconds:
            raise RetryableError(FailureCode.OUT_OF_TIME, f"not enough time left for {purpose}")


class Stopwatch:
    """Milliseconds of wall time by stage, for the logs and the digest; a stage that fails counts too."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, int] = {}

    def seconds(self, *stages: str) -> float:
        """Return the time of these stages together."""
        return sum(self.milliseconds.get(stage, 0) for stage in stages) / 1000

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the block's wall time to a stage."""
        start = time.monotonic()
        try:
            yield
        finally:
            elapsed = round((time.monotonic() - start) * 1000)
            self.milliseconds[stage] = self.milliseconds.get(stage, 0) + elapsed
