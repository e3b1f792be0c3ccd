"""Finds the outcomes of redriven messages in the output bucket, the DLQ and the input bucket.

A photo is processed when its commit marker has the message's eTag and today's settings. It failed when a new dead
letter names the redriven message's id. It needs nothing when its source is gone or overwritten and the queue is empty.
So nothing is missed when this process is killed, and a later run finds the same outcomes.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from processing.failures import DarkroomError
from processing.outcomes import Outcome, SourceObject
from processing.s3_events import parse_message
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.dlq_reader import read_dlq
from scripts.aws.parallel import map_in_threads
from scripts.aws.photo_state import PhotoStates, SourceState
from scripts.aws.sqs_queue import SqsQueue
from scripts.dlq.send_then_delete import MOVED
from scripts.sending.journal import Journal, JournalEntry
from scripts.sending.sender import SENT

NOTHING_TO_DO, WAITING = "nothing to do", "waiting"
# Steps of the journal.
SETTLED, REPORTED, PURGED = "settled", "reported", "purged"
# Older messages of earlier runs are not waited for.
MAX_PENDING = timedelta(days=1)
POLL_SECONDS = 2.0
CHECKS_BETWEEN_READINGS = 5
THREADS = 16
_MAX_POLL_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class PhotoOutcome:
    """The outcome of one source object of a redriven message.

    Attributes:
        item: the dead letter's id, its name in the journal.
        key: the source's key; empty for a malformed message.
        outcome: an `Outcome`, `nothing to do`, or `waiting`.
        code: the failure code, if it is in the DLQ again.
        is_canary: its message was moved before the others.
    """

    item: str
    key: str
    outcome: str
    code: str = ""
    is_canary: bool = False

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

    @property
    def good(self) -> set[str]:
        """The items whose photos are all processed, or need nothing."""
        return self.items - {photo.item for photo in (*self.failures, *self.waiting)}

    @property
    def canaries(self) -> set[str]:
        return {photo.item for photo in self.photos if photo.is_canary}

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
        outcomes, pending, checks = Outcomes(), list(messages), 0
        end, poll_seconds = time.monotonic() + self.patience_seconds, POLL_SECONDS
        while pending:
            start, checks = time.monotonic(), checks + 1
            is_last = start >= end
            found = self._check(pending, is_last=is_last, read_anyway=checks % CHECKS_BETWEEN_READINGS == 0)
            settled = found.settled
            outcomes.photos += [photo for photo in found.photos if is_last or photo.item in settled]
            pending = [message for message in pending if message.item not in settled]
            self.on_progress(len(messages) - len(pending), f"{len(outcomes.failures)} came back")
            if is_last:
                break
            if pending:
                time.sleep(max(poll_seconds, time.monotonic() - start))  # a deep DLQ is not read without a pause
                poll_seconds = min(_MAX_POLL_SECONDS, poll_seconds * 1.5)
        return outcomes

    def _check(self, messages: Sequence[JournalEntry], *, is_last: bool, read_anyway: bool) -> Outcomes:
        """Check each message once: its commit markers, then the DLQ for those without.

        A source that is gone or overwritten settles a message only when the queue is empty, or at the end of patience:
        while the message is still in the queue, it may fail for another reason. Nor is the DLQ read before, except now
        and then: the queue may never be empty.
        """
        # Before reading the DLQ: a message that has left the queue by now is in the DLQ by now, if it failed.
        trust_sources = is_last or self.queue.depth().all == 0
        found, unsure = Outcomes(), list[tuple[JournalEntry, list[PhotoOutcome]]]()
        for message, photos in zip(messages, map_in_threads(self._processed, messages, THREADS), strict=True):
            if all(photo.outcome != WAITING for photo in photos):
                found.photos += photos
            else:
                unsure.append((message, photos))
        back = self._read_back() if unsure and (trust_sources or read_anyway) else {}

        def complete(each: tuple[JournalEntry, list[PhotoOutcome]]) -> list[PhotoOutcome]:
            message, photos = each
            return self._completed(message, photos, back.get(message.document["new_id"], []), trust_sources)

        for photos in map_in_threads(complete, unsure, THREADS):
            found.photos += photos
        return found

    def _read_back(self) -> dict[str, list[DeadLetter]]:
        """Read the DLQ; return its dead letters by the message ids that they had in the queue."""
        back: dict[str, list[DeadLetter]] = {}
        with read_dlq(self.dlq) as reader:
            for letter in reader.dead_letters():
                back.setdefault(letter.message_id, []).append(letter)
        return back

    def _processed(self, message: JournalEntry) -> list[PhotoOutcome]:
        """Return the outcome of each source that the buckets alone tell, `waiting` for the others."""
        sources = _sources(message)
        is_canary = bool(message.document.get("canary"))
        outcome = WAITING if sources is None else NOTHING_TO_DO
        if not sources:
            return [PhotoOutcome(item=message.item, key="", outcome=outcome, is_canary=is_canary)]
        return [
            PhotoOutcome(
                item=message.item,
                key=source.key,
                outcome=Outcome.PROCESSED if self.photos.is_done(source) else WAITING,
                is_canary=is_canary,
            )
            for source in sources
        ]

    def _completed(
        self, message: JournalEntry, photos: Sequence[PhotoOutcome], letters: Sequence[DeadLetter], trust_sources: bool
    ) -> list[PhotoOutcome]:
        """Find the outcomes of waiting photos in the DLQ and the input bucket."""
        sources = _sources(message)
        if sources is None:
            return [replace(photos[0], outcome=Outcome.DEAD_LETTERED, code=letters[0].code)] if letters else [*photos]
        codes = {source: letter.code for letter in letters for source in letter.sources}
        completed = []
        for photo, source in zip(photos, sources, strict=True):
            if photo.outcome != WAITING:
                completed.append(photo)
            elif code := codes.get(source):
                completed.append(replace(photo, outcome=Outcome.DEAD_LETTERED, code=code))
            else:
                completed.append(replace(photo, outcome=self._outcome(source, trust_sources)))
        return completed

    def _outcome(self, source: SourceObject, trust_sources: bool) -> str:
        state = self.photos.source_state(source) if trust_sources else None
        if state is SourceState.GONE:
            return Outcome.GONE
        return Outcome.SUPERSEDED if state is SourceState.OVERWRITTEN else WAITING


def _sources(message: JournalEntry) -> Sequence[SourceObject] | None:
    """Return the sources that a message's body names; None if it is malformed."""
    try:
        return parse_message(message.document["message"]["body"])
    except DarkroomError:
        return None


def pending_outcomes(journal: Journal, queue_url: str, to_move: Iterable[DeadLetter] = ()) -> list[JournalEntry]:
    """Return the entries of messages sent to that queue that have no outcome yet.

    A message that came back is left out once its new dead letter was moved or purged: the photo's outcome is then that
    of the later message.

    Args:
        journal: of the redrives.
        queue_url: the destination.
        to_move: dead letters that are about to be moved.
    """
    return list(_unreported(journal, queue_url, (SENT, MOVED), to_move))


def settled_outcomes(journal: Journal, queue_url: str, age: timedelta = MAX_PENDING) -> list[PhotoOutcome]:
    """Return the outcomes that this run and interrupted ones have found lately, and no report has shown."""
    since = datetime.now(UTC) - age
    return [
        PhotoOutcome(
            item=entry.item,
            key=photo["key"],
            outcome=photo["outcome"],
            code=photo["code"],
            is_canary=bool(entry.document.get("canary")),
        )
        for entry in _unreported(journal, queue_url, (SETTLED,))
        if datetime.fromisoformat(entry.at) >= since
        for photo in entry.document.get("outcomes", [])
    ]


def record_settled(journal: Journal, outcomes: Outcomes) -> None:
    """Journal the outcomes of the messages that have all of theirs."""
    photos: dict[str, list[dict[str, str]]] = {}
    for photo in outcomes.photos:
        photos.setdefault(photo.item, []).append(photo.to_document())
    entries = journal.find(outcomes.settled).values()
    journal.record(
        replace(entry, step=SETTLED, document={**entry.document, "outcomes": photos[entry.item]}) for entry in entries
    )


def record_reported(journal: Journal, items: Iterable[str]) -> None:
    """Journal that these settled messages are reported: no later run counts them again."""
    found = journal.find(items).values()
    journal.record([replace(entry, step=REPORTED) for entry in found if entry.step == SETTLED])


def _unreported(
    journal: Journal, queue_url: str, steps: Iterable[str], to_move: Iterable[DeadLetter] = ()
) -> Iterator[JournalEntry]:
    """Yield the entries at these steps whose messages went to that queue lately and did not come back."""
    since = datetime.now(UTC) - MAX_PENDING
    came_back = {letter.message_id for letter in to_move}
    for step in (SENT, MOVED, SETTLED, REPORTED, PURGED):
        came_back |= {entry.document.get("message_id", "") for entry in journal.at_step(step)}
    for step in steps:
        for entry in journal.at_step(step):
            is_new = datetime.fromisoformat(entry.at) >= since
            if is_new and entry.document["to"] == queue_url and entry.document["new_id"] not in came_back:
                yield entry


def purged_entry(letter: DeadLetter) -> JournalEntry:
    """Make the journal entry of a dead letter that was purged."""
    return JournalEntry(letter.id, PURGED, {"message_id": letter.message_id})
