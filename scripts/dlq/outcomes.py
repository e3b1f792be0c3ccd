"""Finds the outcomes of redriven messages in the output bucket, the DLQ and the input bucket.

A photo is processed when its commit marker has the message's eTag and today's settings. It failed when a new dead
letter names the redriven message's id. It needs nothing when its source is gone or overwritten and the queue is empty.
So nothing is missed when this process is killed, and a later run finds the same outcomes.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from processing.failures import DarkroomError
from processing.outcomes import Outcome, SourceObject
from processing.s3_events import parse_message
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.dlq_reader import read_dlq
from scripts.aws.photo_state import PhotoStates, SourceState
from scripts.aws.sqs_queue import SqsQueue

NOTHING_TO_DO = "nothing to do"
WAITING = "waiting"
POLL_SECONDS = 2.0
_MAX_POLL_SECONDS = 30.0


@dataclass(frozen=True)
class RedrivenMessage:
    """A message that was redriven.

    Attributes:
        item: the dead letter's id, its name in the journal.
        new_id: the new message's id.
    """

    item: str
    new_id: str
    body: str


@dataclass(frozen=True, kw_only=True)
class PhotoOutcome:
    """The outcome of one source object of a redriven message.

    Attributes:
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
        return self._with(Outcome.DEAD_LETTERED)

    @property
    def waiting(self) -> list[PhotoOutcome]:
        return self._with(WAITING)

    @property
    def is_good(self) -> bool:
        return not self.failures and not self.waiting

    @property
    def has_processed(self) -> bool:
        """True if at least one photo was made."""
        return bool(self._with(Outcome.PROCESSED))

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
            "counts": dict(self.counts),
            "failures": [photo.to_document() for photo in self.failures],
            "waiting": [photo.to_document() for photo in self.waiting],
        }

    def _with(self, outcome: str) -> list[PhotoOutcome]:
        return [photo for photo in self.photos if photo.outcome == outcome]


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

    def wait(self, messages: Sequence[RedrivenMessage]) -> Outcomes:
        """Check until every message has an outcome or patience ends."""
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

    def _check(self, messages: Iterable[RedrivenMessage], *, trust_sources: bool) -> Outcomes:
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
        return Outcomes(
            [
                photo
                for message in messages
                for photo in self._outcomes(message, back.get(message.new_id, []), trust_sources)
            ]
        )

    def _outcomes(
        self, message: RedrivenMessage, letters: Sequence[DeadLetter], trust_sources: bool
    ) -> list[PhotoOutcome]:
        try:
            sources = parse_message(message.body)
        except DarkroomError:
            outcome = Outcome.DEAD_LETTERED.value if letters else WAITING
            return [PhotoOutcome(item=message.item, key="", outcome=outcome, code=letters[0].code if letters else "")]
        if not sources:
            return [PhotoOutcome(item=message.item, key="", outcome=NOTHING_TO_DO)]
        codes = {source: letter.code for letter in letters for source in letter.sources}
        outcomes = []
        for source in sources:
            code = codes.get(source, "")
            outcome = Outcome.DEAD_LETTERED.value if code else self._outcome(source, trust_sources)
            outcomes.append(PhotoOutcome(item=message.item, key=source.key, outcome=outcome, code=code))
        return outcomes

    def _outcome(self, source: SourceObject, trust_sources: bool) -> str:
        if self.photos.is_done(source):
            return Outcome.PROCESSED.value
        state = self.photos.source_state(source) if trust_sources else None
        if state is SourceState.GONE:
            return Outcome.GONE.value
        return Outcome.SUPERSEDED.value if state is SourceState.OVERWRITTEN else WAITING
