"""The growth of an SQS event source mapping's concurrency: a few batches at first, more each minute, up to a limit."""

from dataclasses import dataclass
from math import sqrt

# AWS Lambda Developer Guide, "Configuring scaling behavior for SQS event source mappings", 2026.
FIRST_BATCHES = 5
MORE_PER_MINUTE = 300
MOST_BATCHES = 1000


@dataclass(frozen=True, kw_only=True)
class Ramp:
    """Concurrency over time: `first`, then more `per_second`, up to `most`."""

    first: float
    per_second: float
    most: float

    @classmethod
    def up_to(cls, most: float) -> "Ramp":
        """Return Lambda's ramp up to a limit."""
        limit = min(most, MOST_BATCHES)
        return cls(first=min(FIRST_BATCHES, limit), per_second=MORE_PER_MINUTE / 60, most=limit)

    @property
    def growing_seconds(self) -> float:
        """Seconds until the limit is reached."""
        return (self.most - self.first) / self.per_second

    def batch_seconds_in(self, seconds: float) -> float:
        """Return the area under the curve: batches times seconds."""
        growing = min(seconds, self.growing_seconds)
        return self.first * growing + self.per_second * growing**2 / 2 + self.most * (seconds - growing)

    def seconds_for(self, batch_seconds: float) -> float:
        """Return the seconds to work `batch_seconds`: the inverse of `batch_seconds_in`."""
        while_growing = self.batch_seconds_in(self.growing_seconds)
        if batch_seconds >= while_growing:
            return self.growing_seconds + (batch_seconds - while_growing) / self.most
        return (sqrt(self.first**2 + 2 * self.per_second * batch_seconds) - self.first) / self.per_second

    def concurrency_at(self, seconds: float) -> float:
        """Return the number of batches at once after `seconds`."""
        return min(self.most, self.first + self.per_second * seconds)
