"""Receives selected dead letters again, batch by batch, to delete them."""

import time
from collections.abc import Callable, Sequence

from scripts.aws import dlq_reader
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.sqs_message import MAX_BATCH_ENTRIES
from scripts.aws.sqs_queue import SqsQueue
from scripts.cli.signals import uninterrupted

# The queue must look empty twice, because SQS's depth is late.
_EMPTY_LOOKS = 2

# Acts on at most one batch; returns the ids of those that it deleted.
Act = Callable[[Sequence[DeadLetter]], set[str]]


def receive_selected(
    queue: SqsQueue, wanted: set[str], act: Act, *, most: int | None = None, batch_size: int = MAX_BATCH_ENTRIES
) -> set[str]:
    """Act on the dead letters with these ids, or on the first `most` received.

    Receives one batch at a time, so that a kill hides one batch at most. Other dead letters stay hidden until the end,
    so that they are not received again; then all that were not deleted become visible.

    Returns:
        The ids that were not received: another reader has received or deleted them.
    """
    left, hidden = set(wanted), dict[str, str]()
    still = len(left) if most is None else min(most, len(left))
    end, empty_looks = _end(), 0
    try:
        while still and time.monotonic() < end and empty_looks < _EMPTY_LOOKS:
            with uninterrupted():  # received messages must be in `hidden`, or they stay hidden
                letters = dlq_reader.receive_dead_letters(queue, most=batch_size)
                hidden |= {letter.id: letter.message.receipt_handle for letter in letters}
            selected = [letter for letter in letters if letter.id in left][:still]
            if selected:
                left -= {letter.id for letter in selected}
                still -= len(selected)
                for deleted in act(selected):
                    del hidden[deleted]
                end = _end()
            is_empty = not letters and queue.depth().all <= len(hidden)
            empty_looks = empty_looks + 1 if is_empty else 0
    finally:
        with uninterrupted():
            queue.release(hidden.values())
    return left


def _end() -> float:
    """Return a time by which messages that another reader received are visible again."""
    return time.monotonic() + dlq_reader.VISIBILITY_TIMEOUT_SECONDS + 2 * dlq_reader.WAIT_SECONDS + 1
