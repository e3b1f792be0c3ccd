"""Reads a whole DLQ without taking anything from it.

SQS has no peek: to look is to receive, which hides a message for a while and counts as a receive. So every message is
hidden until all are read (otherwise the next call could return the first ones again, for ever), and then all are shown
again at once. A reader that is killed shows nothing; its messages come back by themselves when the hold runs out.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from processing.wording import count_of
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.dlq_timing import Timing
from scripts.aws.sqs_message import MAX_BATCH_ENTRIES
from scripts.aws.sqs_queue import Depth, Queue, chunks
from scripts.cli.output import Screen
from scripts.cli.signals import uninterrupted

# The hold must outlast the reading of all that lies there; slower than this means a broken line.
SLOWEST_READING_PER_SECOND = 50
MAX_HOLD_SECONDS = 12 * 3600  # SQS's limit
# Empty answers in a row that end the reading although the queue's own figure promises more.
MAX_EMPTY_ANSWERS = 3
_SHOWING_THREADS = 8

NOTICE = (
    "Looking at dead letters counts as receiving them and hides them for a moment. "
    "All are shown again at once; nothing is lost."
)


def reading_hold_seconds(depth: Depth, timing: Timing) -> int:
    """How long a reader holds what it reads, and so how long what it held may stay hidden when it is killed."""
    return min(MAX_HOLD_SECONDS, timing.hold_seconds + depth.all // SLOWEST_READING_PER_SECOND)


def wait_until_shown(queue: Queue, timing: Timing, screen: Screen) -> None:
    """Waits for what a run that was killed still holds, as long as that can be."""
    depth = queue.depth()
    if not depth.in_flight:
        return
    longest = reading_hold_seconds(depth, timing)
    letters = count_of(depth.in_flight, "dead letter")
    screen.note(f"Waiting up to {longest} s for {letters} that another reader, or a run that was killed, still holds.")
    end = time.monotonic() + longest + 1
    while queue.depth().in_flight and time.monotonic() < end:
        time.sleep(min(1.0, timing.poll_seconds))


@dataclass
class Reader:
    """Yields every dead letter of a queue once.

    Attributes:
        queue: the DLQ.
        timing: how long letters are held at least, and how long an empty answer takes.
        depth: what SQS said before the reading.
    """

    queue: Queue
    timing: Timing
    depth: Depth = field(init=False)
    _handles: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.depth = self.queue.depth()

    def letters(self) -> Iterator[DeadLetter]:
        """Reads until the queue has nothing more to show."""
        empty_answers, hold_seconds = 0, reading_hold_seconds(self.depth, self.timing)
        while empty_answers < MAX_EMPTY_ANSWERS:
            with uninterrupted():  # an answer that nobody reads would hide its messages for the whole hold
                messages = self.queue.receive(hold_seconds=hold_seconds, wait_seconds=self.timing.wait_seconds)
                new = [message for message in messages if message.id not in self._handles]
                self._handles.update({message.id: message.receipt_handle for message in messages})
            yield from map(DeadLetter, new)
            empty_answers = 0 if new else empty_answers + 1
            if not messages and len(self._handles) >= self.depth.visible:
                break

    @property
    def shortfall(self) -> str:
        """What to say, after the reading, when SQS had promised more; empty when it had not. Its figure is late."""
        read = len(self._handles)
        return f"SQS says about {self.depth.visible:,}; {read:,} were read." if read < self.depth.visible else ""

    def show_all(self) -> None:
        """Shows everything again."""
        with ThreadPoolExecutor(_SHOWING_THREADS) as threads:
            list(threads.map(self.queue.show, chunks(self._handles.values(), MAX_BATCH_ENTRIES)))


@contextmanager
def read_letters(queue: Queue, timing: Timing) -> Iterator[Reader]:
    """Reads a DLQ; whatever happens in the block, everything that was read is visible again after it."""
    reader = Reader(queue, timing)
    try:
        yield reader
    finally:
        with uninterrupted():
            reader.show_all()
