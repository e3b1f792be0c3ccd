"""Finds the outcomes of redriven messages in the output bucket, the DLQ and the input bucket.

A photo is processed when its commit marker has the message's eTag and today's settings. It failed when a new dead
letter names the redriven message's id. It needs nothing when its source is gone or overwritten and the queue is empty.
So nothing is missed when this process is killed, and a later run finds the same outcomes.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from processing.failures import DarkroomError
from processing.outcomes import Outcome, SourceObject
from processing.s3_events import parse_message
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.dlq_reader import read_dlq
from scripts.aws.photo_state import PhotoStates, SourceState
from scripts.aws.sqs_queue import SqsQueue
from scripts.dlq.send_then_delete import MOVED
from scripts.sending.journal import Journal, JournalEntry
from scripts.sending.sender import SENT

NOTHING_TO_DO, WAITING = "nothing to do", "waiting"
# Steps of the journal.
SETTLED, PURGED = "settled", "purged"
# Older messages of earlier runs are not waited for.
MAX_PENDING_DAYS = 1
POLL_SECONDS = 2.0
_MAX_POLL_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class PhotoOutcome:
    """The outcome of one source object of a redriven message.

    Attributes:
        item: the dead letter's id, its name in the journal.
        key: the source's key; empty for a malformed message.
        outcome: an `Outcome`, `nothing to do`, or `waiting`.
        code: the failure code, if it is in the DLQ again.
    """

    item: str
    key: str
    outcome: str
    code: str = ""

    def to_document(self) -> dict[str, str]:
        return {"id": self.item, "key": self.key, "outcome": self.outcome, "code": self.code}


@dataclass
class Outcomes:
    """The outcomes of all photos of some messages."""

    photos: list[PhotoOutcome] = field(default_factory=list)

    @property
    def failures(self) -> list[PhotoOutcome]:
        return [photo for photo in self.photos if photo.outcome == Outcome.DEAD_LETTERED]

    @property
    def waiting(self) -> list[PhotoOutcome]:
        return [photo for photo in self.photos if photo.outcome == WAITING]

    @property
    def is_good(self) -> bool:
        return not self.failures and not self.waiting

    @property
    def counts(self) -> Counter[str]:
        return Counter(photo.outcome for photo in self.photos)

    @property
    def items(self) -> set[str]:
        return {photo.item for photo in self.photos}

    @property
    def settled(self) -> set[str]:
        """The items without a waiting photo."""
        return self.items - {photo.item for photo in self.waiting}

    def split(self, items: Collection[str]) -> tuple["Outcomes", "Outcomes"]:
        """Return the outcomes of these items, and all others."""
        mine, others = Outcomes(), Outcomes()
        for photo in self.photos:
            (mine if photo.item in items else others).photos.append(photo)
        return mine, others

    def to_document(self) -> dict[str, Any]:
        return {
            "counts": self.counts,
            "failures": [photo.to_document() for photo in self.failures],
            "waiting": [photo.to_document() for photo in self.waiting],
        }


@dataclass(frozen=True)
class OutcomeChecker:
    """Checks for outcomes until all are known.

    Attributes:
        queue: the destination of the redrive.
        dlq: failures come back to it.
        on_progress: called with the number of messages settled and a note.
    """

    photos: PhotoStates
    queue: SqsQueue
    dlq: SqsQueue
    patience_seconds: float
    on_progress: Callable[[int, str], None] = lambda *_: None

    def wait(self, messages: Sequence[JournalEntry]) -> Outcomes:
        """Check until every redriven message has an outcome or patience ends."""
        outcomes, pending = Outcomes(), list(messages)
        end, poll_seconds = time.monotonic() + self.patience_seconds, POLL_SECONDS
        while pending:
            is_last = time.monotonic() >= end
            found = self._check(pending, trust_sources=is_last)
            settled = found.settled
            outcomes.photos += [photo for photo in found.photos if is_last or photo.item in settled]
            pending = [message for message in pending if message.item not in settled]
            self.on_progress(len(messages) - len(pending), f"{len(found.failures)} came back")
            if is_last:
                break
            if pending:
                time.sleep(poll_seconds)
                poll_seconds = min(_MAX_POLL_SECONDS, poll_seconds * 1.5)
        return outcomes

    def _check(self, messages: Iterable[JournalEntry], *, trust_sources: bool) -> Outcomes:
        """Check each message once.

        A source that is gone or overwritten settles a message only when the queue is empty, or with `trust_sources`:
        while the message is still in the queue, it may fail for another reason.
        """
        # Before reading the DLQ: a message that has left the queue by now is in the DLQ by now, if it failed.
        trust_sources = trust_sources or self.queue.depth().all == 0
        back: dict[str, list[DeadLetter]] = {}
        with read_dlq(self.dlq) as reader:
            for letter in reader.dead_letters():
                back.setdefault(letter.message_id, []).append(letter)
        found = Outcomes()
        for message in messages:
            found.photos += self._outcomes(message, back.get(message.document["new_id"], []), trust_sources)
        return found

    def _outcomes(
        self, message: JournalEntry, letters: Sequence[DeadLetter], trust_sources: bool
    ) -> list[PhotoOutcome]:
        try:
            sources = parse_message(message.document["message"]["body"])
        except DarkroomError:
            outcome = Outcome.DEAD_LETTERED if letters else WAITING
            return [PhotoOutcome(item=message.item, key="", outcome=outcome, code=letters[0].code if letters else "")]
        if not sources:
            return [PhotoOutcome(item=message.item, key="", outcome=NOTHING_TO_DO)]
        codes = {source: letter.code for letter in letters for source in letter.sources}
        outcomes = []
        for source in sources:
            code = codes.get(source, "")
            outcome = Outcome.DEAD_LETTERED if code else self._outcome(source, trust_sources)
            outcomes.append(PhotoOutcome(item=message.item, key=source.key, outcome=outcome, code=code))
        return outcomes

    def _outcome(self, source: SourceObject, trust_sources: bool) -> str:
        if self.photos.is_done(source):
            return Outcome.PROCESSED
        state = self.photos.source_state(source) if trust_sources else None
        if state is SourceState.GONE:
            return Outcome.GONE
        return Outcome.SUPERSEDED if state is SourceState.OVERWRITTEN else WAITING


def pending_outcomes(journal: Journal, queue_url: str, to_move: Iterable[DeadLetter] = ()) -> list[JournalEntry]:
    """Return the entries of messages sent to that queue that have no outcome yet.

    A message that came back is left out once its new dead letter was moved or purged: the photo's outcome is then that
    of the later message.

    Args:
        journal: of the redrives.
        queue_url: the destination.
        to_move: dead letters that are about to be moved.
    """
    since = datetime.now(UTC) - timedelta(days=MAX_PENDING_DAYS)
    came_back = {letter.message_id for letter in to_move}
    for step in (SENT, MOVED, SETTLED, PURGED):
        came_back |= {entry.document.get("message_id", "") for entry in journal.at_step(step)}
    return [
        entry
        for step in (SENT, MOVED)
        for entry in journal.at_step(step)
        if datetime.fromisoformat(entry.at) >= since
        and entry.document["to"] == queue_url
        and entry.document["new_id"] not in came_back
    ]


def purged_entry(letter: DeadLetter) -> JournalEntry:
    """Make the journal entry of a dead letter that was purged."""
    return JournalEntry(letter.id, PURGED, {"message_id": letter.message_id})
