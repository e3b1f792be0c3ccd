"""Reads dead letters from a DLQ, and holds them so that a command can delete them.

SQS cannot read without receiving, which hides a message for the visibility timeout and counts as a receive. Messages
stay hidden until the reading ends, so that none is received twice, and then become visible again. After a kill they
become visible by themselves when the timeout ends.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext

from processing.wording import count_of
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.parallel import chunks
from scripts.aws.sqs_message import MAX_BATCH_ENTRIES
from scripts.aws.sqs_queue import BatchOutcome, Depth, SqsQueue
from scripts.cli.output import Screen
from scripts.cli.signals import uninterrupted

# After a kill, the next run waits this long for the messages that the killed run had received.
VISIBILITY_TIMEOUT_SECONDS = 60
# SQS's long polling: after this time without a message the queue counts as empty.
WAIT_SECONDS = 2
# The visibility timeout must outlast reading the whole queue; a slower connection is treated as broken.
MIN_READ_PER_SECOND = 50
MAX_VISIBILITY_TIMEOUT_SECONDS = 12 * 3600  # SQS's limit
# Rounds of empty answers in a row that end the reading although ApproximateNumberOfMessages is higher.
MAX_EMPTY_ROUNDS = 3
THREADS = 32  # as many as the client's connections

NOTICE = (
    "Reading dead letters counts as receiving them and hides them for a moment. "
    "All become visible again at once; nothing is lost."
)


class DlqReader:
    """Yields each dead letter of a queue once and holds it until it is deleted or released.

    Args:
        queue: the DLQ.
        screen: shows the progress, if given.

    Attributes:
        depth: the queue's size before the reading.
        read: how many were read, known after the reading.
        unseen: about how many SQS did not return, known after the reading.
    """

    def __init__(self, queue: SqsQueue, screen: Screen | None = None) -> None:
        self.queue = queue
        self.depth = queue.depth()
        self.read = self.unseen = 0
        self._screen = screen
        self._timeout_seconds = _reading_timeout_seconds(self.depth)
        self._held_since = time.monotonic()
        self._handles: dict[str, str] = {}
        self._beyond = 0

    def dead_letters(self) -> Iterator[DeadLetter]:
        """Receive in threads until nothing new comes."""
        empty_rounds, is_short = 0, self.depth.visible > 0
        with ThreadPoolExecutor(THREADS) as threads, self._progress() as on_progress:
            while empty_rounds < (MAX_EMPTY_ROUNDS if is_short else 1):
                new = self._receive_round(threads, self._requests())
                yield from new
                on_progress(len(self._handles), "")
                empty_rounds = 0 if new else empty_rounds + 1
                is_short = len(self._handles) < self.depth.visible
        self.read = len(self._handles)
        # SQS's depth is late: what it still calls visible was not seen, but no more than it said before.
        self.unseen = min(self.depth.visible - self.read, self.queue.depth().visible) if is_short else 0

    @property
    def shortfall(self) -> str:
        """A note, after the reading, that SQS reported more messages than were read; empty if not."""
        numbers = f"SQS says about {self.depth.visible:,}; {self.read:,} were read"
        return f"{numbers}: about {self.unseen:,} were not seen." if self.unseen else ""

    def holds(self, letter: DeadLetter) -> bool:
        return letter.id in self._handles

    def keep(self, letters: Iterable[DeadLetter]) -> None:
        """Release all others, and hold these for as long as any later run waits after a kill."""
        kept = {letter.id for letter in letters}
        self._release([letter_id for letter_id in self._handles if letter_id not in kept])
        self._hold()

    def hold_longer(self) -> None:
        """Renew the visibility timeout of all held messages when half of it has passed."""
        if time.monotonic() - self._held_since >= VISIBILITY_TIMEOUT_SECONDS / 2:
            self._hold()

    def delete(self, letters: Sequence[DeadLetter]) -> BatchOutcome:
        """Delete at most one batch of held messages."""
        outcome = self.queue.delete([self._handles[letter.id] for letter in letters])
        for position in outcome.done:
            del self._handles[letters[position].id]
        return outcome

    def release_all(self) -> None:
        """Make all held messages visible again."""
        self._release(list(self._handles))

    def _progress(self) -> AbstractContextManager[Callable[[int, str], None]]:
        if self._screen:
            return self._screen.progress("reading", self.depth.visible)
        return nullcontext(lambda *_: None)

    def _requests(self) -> int:
        """Return how many requests may find something; beyond SQS's depth one, then twice as many each round."""
        if (expected := self.depth.visible - len(self._handles)) > 0:
            return min(THREADS, -(-expected // MAX_BATCH_ENTRIES))
        self._beyond = min(THREADS, 2 * self._beyond or 1)
        return self._beyond

    def _receive_round(self, threads: ThreadPoolExecutor, requests: int) -> list[DeadLetter]:
        """Receive with concurrent requests; return the letters that were not received before."""
        with uninterrupted():  # received messages must be in `_handles`, or they stay hidden
            calls = [threads.submit(_receive, self.queue, self._timeout_seconds) for _ in range(requests)]
            wait(calls)
            letters = {letter.id: letter for call in calls if not call.exception() for letter in call.result()}
            new = [letter for letter in letters.values() if not self.holds(letter)]
            self._handles.update({letter.id: letter.message.receipt_handle for letter in letters.values()})
        for call in calls:
            call.result()  # raises a failed request's error
        return new

    def _release(self, ids: Collection[str]) -> None:
        with uninterrupted():
            self._change_visibility([self._handles.pop(letter_id) for letter_id in ids], 0)

    def _hold(self) -> None:
        self._held_since = time.monotonic()
        self._change_visibility(self._handles.values(), VISIBILITY_TIMEOUT_SECONDS)

    def _change_visibility(self, handles: Iterable[str], seconds: int) -> None:
        with ThreadPoolExecutor(THREADS) as threads:
            batches = chunks(handles, MAX_BATCH_ENTRIES)
            list(threads.map(lambda batch: self.queue.change_visibility(batch, seconds), batches))


@contextmanager
def read_dlq(queue: SqsQueue, screen: Screen | None = None) -> Iterator[DlqReader]:
    """Read a DLQ; held messages become visible again when the block ends.

    With a screen, it explains that, shows the progress and reports a shortfall.
    """
    if screen:
        screen.note(NOTICE)
    reader = DlqReader(queue, screen)
    try:
        yield reader
    finally:
        reader.release_all()
    if screen and reader.shortfall:
        screen.note(reader.shortfall)


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


def _receive(queue: SqsQueue, timeout_seconds: int) -> list[DeadLetter]:
    messages = queue.receive(visibility_timeout_seconds=timeout_seconds, wait_seconds=WAIT_SECONDS)
    return [DeadLetter(message) for message in messages]
