"""Reads dead letters from a DLQ: all of them, or selected ones to delete.

SQS cannot read without receiving, which hides a message for the visibility timeout and counts as a receive. Messages
stay hidden until the reading ends, so that none is received twice, and then become visible again. After a kill they
become visible by themselves when the timeout ends.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from processing.wording import count_of
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.parallel import chunks
from scripts.aws.sqs_message import MAX_BATCH_ENTRIES
from scripts.aws.sqs_queue import Depth, SqsQueue
from scripts.cli.output import Screen
from scripts.cli.signals import uninterrupted

# After a kill, the next run waits this long for the messages that the killed run had received.
VISIBILITY_TIMEOUT_SECONDS = 60
# SQS's long polling: after this time without a message the queue counts as empty.
WAIT_SECONDS = 2
# The visibility timeout must outlast reading the whole queue; a slower connection is treated as broken.
MIN_READ_PER_SECOND = 50
MAX_VISIBILITY_TIMEOUT_SECONDS = 12 * 3600  # SQS's limit
# Empty answers in a row that end the reading although ApproximateNumberOfMessages is higher.
MAX_EMPTY_ANSWERS = 3
# The queue must look empty twice, because SQS's depth is late.
_EMPTY_LOOKS = 2
_RELEASE_THREADS = 8

NOTICE = (
    "Reading dead letters counts as receiving them and hides them for a moment. "
    "All become visible again at once; nothing is lost."
)


class DlqReader:
    """Yields each dead letter of a queue once; `depth` is the queue's size before."""

    def __init__(self, queue: SqsQueue) -> None:
        self.queue = queue
        self.depth = queue.depth()
        self._handles: dict[str, str] = {}

    def dead_letters(self) -> Iterator[DeadLetter]:
        """Receive until the queue is empty."""
        empty_answers, timeout_seconds = 0, _reading_timeout_seconds(self.depth)
        while empty_answers < MAX_EMPTY_ANSWERS:
            with uninterrupted():  # received messages must be in `_handles`, or they stay hidden
                letters = _receive(self.queue, timeout_seconds)
                new = [letter for letter in letters if letter.id not in self._handles]
                self._handles.update({letter.id: letter.message.receipt_handle for letter in letters})
            yield from new
            empty_answers = 0 if new else empty_answers + 1
            if not letters and len(self._handles) >= self.depth.visible:
                break

    @property
    def shortfall(self) -> str:
        """A note, after the reading, that SQS reported more messages than were read; empty if not."""
        read = len(self._handles)
        return f"SQS says about {self.depth.visible:,}; {read:,} were read." if read < self.depth.visible else ""

    def release_all(self) -> None:
        """Make all messages that were read visible again."""
        with ThreadPoolExecutor(_RELEASE_THREADS) as threads:
            list(threads.map(self.queue.release, chunks(self._handles.values(), MAX_BATCH_ENTRIES)))


@contextmanager
def read_dlq(queue: SqsQueue) -> Iterator[DlqReader]:
    """Read a DLQ; all messages become visible again when the block ends."""
    reader = DlqReader(queue)
    try:
        yield reader
    finally:
        with uninterrupted():
            reader.release_all()


def receive_selected(
    queue: SqsQueue,
    wanted: set[str],
    act: Callable[[Sequence[DeadLetter]], set[str]],
    *,
    most: int | None = None,
    batch_size: int = MAX_BATCH_ENTRIES,
) -> set[str]:
    """Act on the dead letters with these ids, or on the first `most` received.

    Receives one batch at a time, so that a kill hides few of the wanted ones.

    Args:
        queue: the DLQ.
        wanted: their ids.
        act: called with a batch at most; returns the ids of those that it deleted.
        most: how many to act on; None for all.
        batch_size: how many to receive at once.

    Returns:
        The ids that were not received: another reader has received or deleted them.
    """
    left, hidden = set(wanted), dict[str, str]()
    still = len(left) if most is None else min(most, len(left))
    end, empty_looks = _end_of_timeout(), 0
    try:
        while still and time.monotonic() < end and empty_looks < _EMPTY_LOOKS:
            with uninterrupted():  # received messages must be in `hidden`, or they stay hidden
                letters = _receive(queue, VISIBILITY_TIMEOUT_SECONDS, batch_size)
                hidden |= {letter.id: letter.message.receipt_handle for letter in letters}
            selected = [letter for letter in letters if letter.id in left][:still]
            if selected:
                left -= {letter.id for letter in selected}
                still -= len(selected)
                for deleted in act(selected):
                    del hidden[deleted]
                end = _end_of_timeout()
            is_empty = not letters and queue.depth().all <= len(hidden)
            empty_looks = empty_looks + 1 if is_empty else 0
    finally:
        with uninterrupted():
            queue.release(hidden.values())
    return left


def wait_until_visible(queue: SqsQueue, screen: Screen) -> None:
    """Wait until the messages that a killed run received are visible again."""
    depth = queue.depth()
    if not depth.in_flight:
        return
    longest = _reading_timeout_seconds(depth)
    letters = count_of(depth.in_flight, "dead letter")
    screen.note(f"Waiting up to {longest} s for {letters} that another reader or a killed run has received.")
    end = time.monotonic() + longest + 1
    while queue.depth().in_flight and time.monotonic() < end:
        time.sleep(min(1.0, WAIT_SECONDS or 0.1))


def _reading_timeout_seconds(depth: Depth) -> int:
    return min(MAX_VISIBILITY_TIMEOUT_SECONDS, VISIBILITY_TIMEOUT_SECONDS + depth.all // MIN_READ_PER_SECOND)


def _receive(queue: SqsQueue, timeout_seconds: int, most: int = MAX_BATCH_ENTRIES) -> list[DeadLetter]:
    messages = queue.receive(visibility_timeout_seconds=timeout_seconds, wait_seconds=WAIT_SECONDS, most=most)
    return [DeadLetter(message) for message in messages]


def _end_of_timeout() -> float:
    """Return a time by which messages that another reader received are visible again."""
    return time.monotonic() + VISIBILITY_TIMEOUT_SECONDS + 2 * WAIT_SECONDS + 1
