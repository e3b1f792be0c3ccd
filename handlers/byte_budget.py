"""Bounds how many bytes, of memory or of ephemeral storage, may be in use at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from handlers.time_budget import Deadline
from processing.failures import FailureCode, RetryableError


class ByteBudget:
    """A number of bytes that threads share; a request above the total waits for all of them.

    Args:
        total_bytes: what may be reserved at once.
        name: for the failure's detail.
    """

    def __init__(self, total_bytes: int, name: str) -> None:
        self.total_bytes = total_bytes
        self._free_bytes = total_bytes
        self._name = name
        self._changed = threading.Condition()

    @contextmanager
    def reserve(self, wanted_bytes: int, deadline: Deadline) -> Iterator[None]:
        """Reserve bytes for the block; wait until they are free.

        Raises:
            RetryableError: `out-of-time` when they are not free before the deadline.
        """
        granted = min(max(wanted_bytes, 0), self.total_bytes)
        with self._changed:
            if not self._changed.wait_for(lambda: self._free_bytes >= granted, deadline.seconds_left):
                raise RetryableError(FailureCode.OUT_OF_TIME, f"no {self._name} became free in time")
            self._free_bytes -= granted
        try:
            yield
        finally:
            with self._changed:
                self._free_bytes += granted
                self._changed.notify_all()
