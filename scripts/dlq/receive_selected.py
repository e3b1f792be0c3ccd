"""Goes through a DLQ once more to act on letters that were chosen before, and on no others."""

import time
from collections.abc import Callable, Sequence

from scripts.aws.dead_letter import DeadLetter
from scripts.aws.dlq_timing import Timing
from scripts.aws.sqs_message import MAX_BATCH_ENTRIES
from scripts.aws.sqs_queue import Queue
from scripts.cli.signals import uninterrupted

# Two looks at a queue that say it is empty, because SQS's figures are late.
_EMPTY_LOOKS = 2

# Acts on at most one batch; answers the ids of those that it deleted.
Act = Callable[[Sequence[DeadLetter]], set[str]]


def sweep(
    queue: Queue,
    wanted: set[str],
    act: Act,
    timing: Timing,
    *,
    most: int | None = None,
    batch_size: int = MAX_BATCH_ENTRIES,
) -> set[str]:
    """Acts on the letters with these ids, or on the first `most` of them to turn up.

    Letters are received a batch at a time, so that a kill hides one batch and not all. Others that turn up on the way
    are held so that they do not come again, and whatever was not deleted is shown again at the end.

    Returns:
        The ids that did not turn up: someone else holds or has deleted them.
    """
    left, held = set(wanted), dict[str, str]()
    still = len(left) if most is None else min(most, len(left))
    patience_ends, empty_looks = _patience_end(timing), 0
    try:
        while still and time.monotonic() < patience_ends and empty_looks < _EMPTY_LOOKS:
            letters = _receive(queue, timing, batch_size, held)
            mine = [letter for letter in letters if letter.id in left][:still]
            if mine:
                left -= {letter.id for letter in mine}
                still -= len(mine)
                for deleted in act(mine):
                    del held[deleted]
                patience_ends = _patience_end(timing)
            is_empty = not letters and queue.depth().all <= len(held)
            empty_looks = empty_looks + 1 if is_empty else 0
    finally:
        with uninterrupted():
            queue.show(held.values())
    return left


def _receive(queue: Queue, timing: Timing, most: int, held: dict[str, str]) -> list[DeadLetter]:
    with uninterrupted():  # an answer that nobody reads would hide its messages for the whole hold
        messages = queue.receive(hold_seconds=timing.hold_seconds, wait_seconds=timing.wait_seconds, most=most)
        held |= {message.id: message.receipt_handle for message in messages}
    return [DeadLetter(message) for message in messages]


def _patience_end(timing: Timing) -> float:
    # Long enough for a hold of someone else's to end.
    return time.monotonic() + timing.hold_seconds + 2 * timing.wait_seconds + 1
