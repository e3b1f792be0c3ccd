"""Milliseconds by stage, for the logs and the digest."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Adds up wall time under names; a stage that failed half way counts too."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, int] = {}

    def seconds(self, *stages: str) -> float:
        """These stages together."""
        return sum(self.milliseconds.get(stage, 0) for stage in stages) / 1000

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Adds the block's wall time to a stage."""
        start = time.monotonic()
        try:
            yield
        finally:
            elapsed = round((time.monotonic() - start) * 1000)
            self.milliseconds[stage] = self.milliseconds.get(stage, 0) + elapsed
