"""Faults between the function and AWS, as boto3 raises them, and their random choice."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from tests.support.fake_s3 import Hook, client_error

URL = "https://aws.invalid"
Fault = Callable[[str], Exception]

CONNECTION_FAULTS: dict[str, Fault] = {
    "read timeout": lambda _: ReadTimeoutError(endpoint_url=URL),
    "connect timeout": lambda _: ConnectTimeoutError(endpoint_url=URL),
    "no connection": lambda _: EndpointConnectionError(endpoint_url=URL),
    "dropped connection": lambda _: ConnectionClosedError(endpoint_url=URL),
}
S3_FAULTS = CONNECTION_FAULTS | {
    "500": lambda operation: client_error(500, "InternalError", operation),
    "503": lambda operation: client_error(503, "ServiceUnavailable", operation),
    "SlowDown": lambda operation: client_error(503, "SlowDown", operation),
    "slow request": lambda operation: client_error(400, "RequestTimeout", operation),
}
SQS_FAULTS = CONNECTION_FAULTS | {
    "500": lambda operation: client_error(500, "InternalFailure", operation),
    "throttled": lambda operation: client_error(403, "RequestThrottled", operation),
}
SNS_FAULTS = CONNECTION_FAULTS | {
    "500": lambda operation: client_error(500, "InternalFailure", operation),
    "throttled": lambda operation: client_error(429, "Throttled", operation),
}
BODY_FAULTS: dict[str, Fault] = {
    "half a body": lambda _: IncompleteReadError(actual_bytes=1, expected_bytes=2),
    "broken stream": lambda _: ResponseStreamingError(error="Connection broken"),
    "stalled stream": lambda _: ReadTimeoutError(endpoint_url=URL),
}


class RandomFaults:
    """Makes a share of all calls fail at random; the same seed fails the same calls, whatever the threads do.

    Args:
        seed: of the random numbers.
        share: of the calls that fail, 0 to 1.
    """

    def __init__(self, seed: int, share: float) -> None:
        self._seed = seed
        self._share = share
        self._calls: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.drawn: Counter[str] = Counter()
        self.drawn_calls: list[tuple[str, str]] = []

    def draw(self, faults: Mapping[str, Fault], what: str, when: str = "") -> Exception | None:
        """Return the fault of this call, or None."""
        share = self._share / 2 if when else self._share
        with self._lock:
            self._calls[when + what] += 1
            chance = random.Random(f"{self._seed} {when} {what} {self._calls[when + what]}")
            if chance.random() >= share:
                return None
            name = chance.choice(sorted(faults))
            operation, _, about = what.partition(" ")
            self.drawn_calls.append((operation, about))
            self.drawn[f"{operation}: {name}"] += 1
        return faults[name](operation)

    def hook(self, faults: Mapping[str, Fault], when: str) -> Hook:
        """Return a hook for the fakes, before or after an operation takes effect; half of the share fails at each."""

        def raise_fault(operation: str, key: str) -> None:
            if fault := self.draw(faults, f"{operation} {key}", when):
                raise fault

        return raise_fault
