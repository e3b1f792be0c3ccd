"""Reads dead letters from a DLQ, and holds them so that a command can delete them.

SQS cannot read without receiving, which hides a message for the visibility timeout and counts as a receive. Messages
stay hidden until the reading ends, so that none is received twice, and then become visible again. After a kill they
become visible by themselves when the timeout ends.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError

from processing.wording import count_of
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.move_tasks import MoveTask, MoveTasks
from scripts.aws.parallel import chunks, map_in_threads
from scripts.aws.sqs_message import MAX_BATCH_ENTRIES
from scripts.aws.sqs_queue import BatchOutcome, SqsQueue
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.cli.signals import uninterrupted
from scripts.cli.units import human_duration

# The least visibility timeout: outlasts what does not depend on the number of messages.
VISIBILITY_TIMEOUT_SECONDS = 60
# SQS's long polling: after this time without a message the queue counts as empty.
WAIT_SECONDS = 2
# Reading and giving back, slower than over any usual connection: the visibility timeout must outlast both.
MIN_PER_SECOND = 100
MAX_VISIBILITY_TIMEOUT_SECONDS = 12 * 3600  # SQS's limit
# Answers without a message, for each concurrent request, that end a reading of fewer messages than SQS reported.
MAX_EMPTY_ROUNDS = 3
THREADS = 64  # as many as the client's connections
# SQS's quota of messages in flight: above it, a receive returns nothing and no error.
MAX_IN_FLIGHT = 120_000


class DlqReader:
    """Yields each dead letter of a queue once and holds it until it is deleted or released.

    Args:
        queue: the DLQ.
        screen: shows the progress, if given.

    Attributes:
        depth: the queue's size before the reading.
        move_task: SQS's message move task that runs beside the reading, looked for only with a screen.
        read: how many were read, known after the reading.
        in_flight: about how many another reader holds, known after the reading.
        unseen: about how many were not read, those in flight included, known after the reading.
    """

    def __init__(self, queue: SqsQueue, screen: Screen | None = None) -> None:
        self.queue = queue
        self.move_task: MoveTask | None = MoveTasks(queue.sqs, queue.arn).running() if screen else None
        self.depth = queue.depth()
        self.read = self.in_flight = self.unseen = 0
        self._screen = screen
        self._timeout_seconds = hold_seconds(self.depth.all)
        self._hold_seconds = VISIBILITY_TIMEOUT_SECONDS
        self._held_since = time.monotonic()
        self._handles: dict[str, str] = {}
        self._lock = threading.Lock()
        self._receiving: set[Future[list[DeadLetter]]] = set()
        self._empty_answers = self._beyond = 0

    def dead_letters(self) -> Iterator[DeadLetter]:
        """Receive with concurrent requests until nothing new comes."""
        with ThreadPoolExecutor(THREADS) as threads, self._progress("reading", self.depth.visible) as on_progress:
            while True:
                requests = 0 if self._is_at_end() else self._requests() - len(self._receiving)
                self._receiving |= {threads.submit(self._receive) for _ in range(requests)}
                if not self._receiving:
                    break
                done, self._receiving = wait(self._receiving, return_when=FIRST_COMPLETED)
                for call in done:
                    new = call.result()
                    self._empty_answers = 0 if new else self._empty_answers + 1
                    yield from new
                on_progress(len(self._handles), "")
        self._count_unseen()

    @property
    def saw_all(self) -> bool:
        """True if no dead letter was left out and none moved away, known after the reading."""
        return not self.unseen and not self.move_task

    @property
    def shortfall(self) -> str:
        """A note, after the reading, on dead letters that were not seen; empty if all were."""
        if self.move_task:
            return f"{_say(self.move_task)}: dead letters that it moved meanwhile were not seen."
        if not self.unseen:
            return ""
        numbers = f"SQS says about {self.depth.all:,}; {self.read:,} were read: about {self.unseen:,} were not seen"
        if self.in_flight:
            held = "are" if self.in_flight == self.unseen else f"{self.in_flight:,} of them are"
            numbers += f", which {held} held by another reader or a killed run"
        quota = f" SQS keeps at most {MAX_IN_FLIGHT:,} in flight." if self.read >= MAX_IN_FLIGHT else ""
        return f"{numbers}.{quota}"

    def holds(self, letter: DeadLetter) -> bool:
        return letter.id in self._handles

    def keep(self, letters: Iterable[DeadLetter]) -> None:
        """Release all others; hold these only as long as their own number needs."""
        kept = {letter.id for letter in letters}
        self._release([letter_id for letter_id in self._handles if letter_id not in kept])
        self._hold()

    def hold_longer(self) -> None:
        """Renew the visibility timeout of all held messages when half of it has passed."""
        if time.monotonic() - self._held_since >= self._hold_seconds / 2:
            self._hold()

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Renew the visibility timeout of all held messages in a thread while the block runs."""
        is_over = threading.Event()

        def renew() -> None:
            while not is_over.wait(self._hold_seconds / 3):
                self._hold()

        with ThreadPoolExecutor(1, thread_name_prefix="hold") as thread:
            renewal = thread.submit(renew)
            try:
                yield
            finally:
                is_over.set()
        renewal.result()

    def delete(self, letters: Sequence[DeadLetter]) -> BatchOutcome:
        """Delete held messages; a position in the outcome is that of the letter."""
        whole = BatchOutcome()
        batches = chunks([self._handles[letter.id] for letter in letters], MAX_BATCH_ENTRIES)
        for number, outcome in enumerate(map_in_threads(self.queue.delete, batches, THREADS)):
            start = number * MAX_BATCH_ENTRIES
            whole.done |= {start + position: answer for position, answer in outcome.done.items()}
            whole.failed |= {start + position: code for position, code in outcome.failed.items()}
        with self._lock:
            for position in whole.done:
                del self._handles[letters[position].id]
        return whole

    def release_all(self) -> None:
        """Make all held messages visible again, and those of receives that have begun."""
        wait(self._receiving)
        self._release(list(self._handles))

    @property
    def held(self) -> int:
        """The number of messages held now."""
        return len(self._handles)

    def _progress(self, what: str, total: int) -> AbstractContextManager[Callable[[int, str], None]]:
        return self._screen.progress(what, total) if self._screen else nullcontext(lambda *_: None)

    def _is_at_end(self) -> bool:
        is_short = self.held < self.depth.visible
        enough = MAX_EMPTY_ROUNDS * self._requests() if is_short else 1
        return self._empty_answers >= enough or self.held >= MAX_IN_FLIGHT

    def _requests(self) -> int:
        """Return how many requests may find something; beyond SQS's depth one, then twice as many each time."""
        if (expected := self.depth.visible - self.held) > 0:
            return min(THREADS, -(-expected // MAX_BATCH_ENTRIES))
        return max(1, self._beyond)

    def _receive(self) -> list[DeadLetter]:
        """Receive once; return the letters that were not received before."""
        messages = self.queue.receive(visibility_timeout_seconds=self._timeout_seconds, wait_seconds=WAIT_SECONDS)
        letters = [DeadLetter(message) for message in messages]
        with self._lock:  # in this thread: after an interrupt, too, each received message is released
            new = [letter for letter in letters if not self.holds(letter)]
            self._handles.update({letter.id: letter.message.receipt_handle for letter in letters})
            if new and self.held > self.depth.visible:
                self._beyond = min(THREADS, 2 * max(1, self._beyond))
        return new

    def _count_unseen(self) -> None:
        self.read = self.held
        missing = self.depth.all - self.read
        if missing <= 0:
            return
        # SQS's depth is late: what it still calls visible was not seen, but no more than it said before.
        short = max(0, self.depth.visible - self.read)
        visible = min(short, self.queue.depth().visible) if short else 0
        self.in_flight = min(self.depth.in_flight + self.depth.delayed, missing - visible)
        self.unseen = visible + self.in_flight

    def _release(self, ids: Collection[str]) -> None:
        """Make these visible again; a later Ctrl-C waits for it."""
        if not ids:
            return
        released = 0
        with self._progress("making visible again", len(ids)) as on_progress, uninterrupted():
            for batch in map_in_threads(self._release_batch, chunks(ids, MAX_BATCH_ENTRIES), THREADS):
                released += batch
                on_progress(released, "")

    def _release_batch(self, ids: Sequence[str]) -> int:
        self.queue.change_visibility([self._handles[letter_id] for letter_id in ids], 0)
        with self._lock:
            for letter_id in ids:
                del self._handles[letter_id]
        return len(ids)

    def _hold(self) -> None:
        self._held_since, self._hold_seconds = time.monotonic(), hold_seconds(self.held)
        with self._lock:
            handles = list(self._handles.values())
        batches = chunks(handles, MAX_BATCH_ENTRIES)
        for _ in map_in_threads(lambda b: self.queue.change_visibility(b, self._hold_seconds), batches, THREADS):
            pass


@contextmanager
def read_dlq(queue: SqsQueue, screen: Screen | None = None) -> Iterator[DlqReader]:
    """Read a DLQ; held messages become visible again when the block ends.

    With a screen, it explains that, shows the progress, and says what was not seen and what an interrupt left.
    """
    reader = DlqReader(queue, screen)
    if screen:
        screen.note(*_explain(reader))
    try:
        yield reader
    except KeyboardInterrupt:
        if screen and reader.held:
            screen.note(f"Making {count_of(reader.held, 'dead letter')} visible again ...")
        raise
    finally:
        _give_back(reader, screen)
    if screen and reader.shortfall:
        screen.note(reader.shortfall)


def refuse_beside_move_task(queue: SqsQueue) -> None:
    """Raise an error while SQS's message move task empties the queue.

    Raises:
        OperatorError: one is running.
    """
    if task := MoveTasks(queue.sqs, queue.arn).running():
        raise OperatorError(f"{_say(task)}: wait for it, or stop it with `dlq redrive --cancel`")


def wait_until_visible(queue: SqsQueue, screen: Screen) -> None:
    """Wait until the messages that a killed run received are visible again."""
    depth = queue.depth()
    if not depth.in_flight:
        return
    longest = hold_seconds(depth.all)
    letters = count_of(depth.in_flight, "dead letter")
    screen.note(f"Waiting up to {longest} s for {letters} that another reader or a killed run has received.")
    end = time.monotonic() + longest + 1
    with screen.progress("still held", depth.in_flight) as on_progress:
        while (held := queue.depth().in_flight) and time.monotonic() < end:
            on_progress(max(0, depth.in_flight - held), "visible again")
            time.sleep(min(1.0, WAIT_SECONDS or 0.1))


def hold_seconds(count: int) -> int:
    """Return the visibility timeout that outlasts the work with so many messages."""
    return min(MAX_VISIBILITY_TIMEOUT_SECONDS, VISIBILITY_TIMEOUT_SECONDS + count // MIN_PER_SECOND)


def _explain(reader: DlqReader) -> list[str]:
    longest = human_duration(timedelta(seconds=hold_seconds(reader.depth.all)))
    lines = [
        "Reading dead letters counts as receiving them and hides them for a moment. "
        f"All become visible again at once, after a kill within {longest}; nothing is lost."
    ]
    lines += [f"{_say(reader.move_task)}."] if reader.move_task else []
    return lines


def _say(task: MoveTask) -> str:
    return f"SQS is moving this queue's messages (a message move task, about {task.moved:,} so far)"


def _give_back(reader: DlqReader, screen: Screen | None) -> None:
    try:
        reader.release_all()
    except (BotoCoreError, ClientError) as error:
        longest = human_duration(timedelta(seconds=hold_seconds(reader.depth.all)))
        letters = count_of(reader.held, "dead letter")
        if screen:
            screen.note(f"{letters} could not be made visible again ({error}): they become so within {longest}.")
