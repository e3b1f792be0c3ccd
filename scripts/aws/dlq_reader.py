"""Reads dead letters from a DLQ: all of them, or batch by batch.

SQS cannot read without receiving, which hides a message for the visibility timeout and counts as a receive. `read_dlq`
keeps every message hidden until all are read, so that none comes twice, and then makes all visible again. After a kill
they become visible by themselves when the timeout ends.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

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
_RELEASE_THREADS = 8

NOTICE = (
    "Reading dead letters counts as receiving them and hides them for a moment. "
    "All become visible again at once; nothing is lost."
)


@dataclass
class DlqReader:
    """Yields each dead letter of a queue once.

    Attributes:
        queue: the DLQ.
        depth: its size before the reading.
    """

    queue: SqsQueue
    depth: Depth = field(init=False)
    _handles: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.depth = self.queue.depth()

    def dead_letters(self) -> Iterator[DeadLetter]:
        """Receive until the queue is empty."""
        empty_answers, timeout_seconds = 0, _reading_timeout_seconds(self.depth)
        while empty_answers < MAX_EMPTY_ANSWERS:
            with uninterrupted():  # received messages must be in `_handles`, or they stay hidden
                letters = receive_dead_letters(self.queue, timeout_seconds=timeout_seconds)
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


def receive_dead_letters(
    queue: SqsQueue, *, most: int = MAX_BATCH_ENTRIES, timeout_seconds: int | None = None
) -> list[DeadLetter]:
    """Receive one batch of dead letters and hide it for the visibility timeout."""
    timeout_seconds = VISIBILITY_TIMEOUT_SECONDS if timeout_seconds is None else timeout_seconds
    messages = queue.receive(visibility_timeout_seconds=timeout_seconds, wait_seconds=WAIT_SECONDS, most=most)
    return [DeadLetter(message) for message in messages]


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
