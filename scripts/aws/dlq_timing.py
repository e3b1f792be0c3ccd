"""The clocks of a redrive."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How long things are held and waited for, in seconds.

    Attributes:
        hold_seconds: how long a received dead letter stays hidden; after a kill, the rerun waits that long for it.
        wait_seconds: how long SQS waits before it says that a queue is empty.
        poll_seconds: between two looks for outcomes, at first; grows with patience.
        patience_seconds: how long outcomes are waited for.
    """

    hold_seconds: int = 60
    wait_seconds: int = 2
    poll_seconds: float = 2.0
    patience_seconds: float = 1800.0
