"""Goes through a DLQ once more to act on letters that were chosen before, and on no others."""

import time
from collections.abc import Callable, Sequence

from scripts.aws import dlq_reader
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.sqs_message import MAX_BATCH_ENTRIES
from scripts.aws.sqs_queue import SqsQueue
from scripts.cli.signals import uninterrupted

# Two looks at a queue that say it is empty, because SQS's figures are late.
_EMPTY_LOOKS = 2

# Acts on at most one batch; answers the ids of those that it deleted.
Act = Callable[[Sequence[DeadLetter]], set[str]]


def receive_selected(
    queue: SqsQueue,
    wanted: set[str],
    act: Act,
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
    patience_ends, empty_looks = _patience_end(), 0
    try:
        while still and time.monotonic() < patience_ends and empty_looks < _EMPTY_LOOKS:
            letters = _receive(queue, batch_size, held)
            mine = [letter for letter in letters if letter.id in left][:still]
            if mine:
                left -= {letter.id for letter in mine}
                still -= len(mine)
                for deleted in act(mine):
                    del held[deleted]
                patience_ends = _patience_end()
            is_empty = not letters and queue.depth().all <= len(held)
            empty_looks = empty_looks + 1 if is_empty else 0
    finally:
        with uninterrupted():
            queue.release(held.values())
    return left


def _receive(queue: SqsQueue, most: int, held: dict[str, str]) -> list[DeadLetter]:
    with uninterrupted():  # an answer that nobody reads would hide its messages for the whole hold
        letters = dlq_reader.receive_dead_letters(queue, most=most)
        held |= {letter.id: letter.message.receipt_handle for letter in letters}
    return letters


def _patience_end() -> float:
    # Long enough for a hold of someone else's to end.
    return time.monotonic() + dlq_reader.VISIBILITY_TIMEOUT_SECONDS + 2 * dlq_reader.WAIT_SECONDS + 1
