"""Tells what became of redriven messages, from what is there and not from what was reported.

A photo is done when its commit marker is in the output bucket, with the message's eTag and today's settings. It failed
when it is back in the DLQ: the new dead letter names the message that was redriven, by the id that SQS gave it. It
needs nothing when its source is gone or overwritten and the queue has been emptied. So nothing has to be subscribed or
kept running while a message is on its way, nothing is missed when this process is killed, and a later run comes to the
same answer. Digests say the same sooner, but only to who listens at that moment.
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
_SLOWEST_POLL_SECONDS = 30.0


@dataclass(frozen=True)
class RedrivenMessage:
    """A message that was redriven.

    Attributes:
        item: the dead letter's id, which the journal knows it by.
        new_id: the id that SQS gave the message it became.
        body: its body.
    """

    item: str
    new_id: str
    body: str


@dataclass(frozen=True, kw_only=True)
class PhotoOutcome:
    """What became of one source object of a redriven message, or of a message that names none.

    Attributes:
        item: the dead letter's id.
        key: the source's key; empty for a malformed message.
        outcome: an outcome's word, `nothing to do`, or `waiting`.
        code: why it is in the DLQ again; empty when it is not.
    """

    item: str
    key: str
    outcome: str
    code: str = ""

    @property
    def is_failure(self) -> bool:
        return self.outcome == Outcome.DEAD_LETTERED

    def to_document(self) -> dict[str, str]:
        return {"id": self.item, "key": self.key, "outcome": self.outcome, "code": self.code}


@dataclass
class Outcomes:
    """All findings of a wait."""

    known: list[PhotoOutcome] = field(default_factory=list)
    waiting: list[PhotoOutcome] = field(default_factory=list)

    @property
    def failures(self) -> list[PhotoOutcome]:
        return [finding for finding in self.known if finding.is_failure]

    @property
    def is_good(self) -> bool:
        return not self.failures and not self.waiting

    @property
    def has_processed(self) -> bool:
        """Whether at least one photo was made, and not only left because it needed nothing."""
        return any(finding.outcome == Outcome.PROCESSED for finding in self.known)

    @property
    def settled(self) -> set[str]:
        """The items of which nothing is waited for any more."""
        return {f.item for f in self.known} - {f.item for f in self.waiting}

    def settled_documents(self) -> dict[str, list[dict[str, str]]]:
        """The findings of each item of which nothing is waited for any more."""
        documents: dict[str, list[dict[str, str]]] = {item: [] for item in self.settled}
        for finding in self.known:
            if finding.item in documents:
                documents[finding.item].append(finding.to_document())
        return documents

    @property
    def counts(self) -> Counter[str]:
        return Counter(finding.outcome for finding in (*self.known, *self.waiting))

    @property
    def items(self) -> set[str]:
        return {finding.item for finding in (*self.known, *self.waiting)}

    def parted(self, items: Collection[str]) -> tuple["Outcomes", "Outcomes"]:
        """The findings of these items, and all others."""
        mine, others = Outcomes(), Outcomes()
        for finding in self.known:
            (mine if finding.item in items else others).known.append(finding)
        for finding in self.waiting:
            (mine if finding.item in items else others).waiting.append(finding)
        return mine, others

    def to_document(self) -> dict[str, Any]:
        return {
            "counts": dict(self.counts),
            "failures": [finding.to_document() for finding in self.failures],
            "waiting": [finding.to_document() for finding in self.waiting],
        }


@dataclass(frozen=True)
class OutcomeChecker:
    """Looks for outcomes.

    Attributes:
        photos: both buckets.
        queue: where the messages were redriven to.
        dlq: where failures come back to.
        patience_seconds: how long to look.
        on_progress: hears how many are known, and a note.
    """

    photos: PhotoStates
    queue: SqsQueue
    dlq: SqsQueue
    patience_seconds: float
    on_progress: Callable[[int, str], None] = lambda *_: None

    def wait(self, messages: Sequence[RedrivenMessage]) -> Outcomes:
        """Looks until every message has an outcome or patience runs out."""
        findings, pending = Outcomes(), list(messages)
        end = time.monotonic() + self.patience_seconds
        poll_seconds = POLL_SECONDS
        while pending:
            is_last_look = time.monotonic() >= end
            found = self.look(pending, believe_sources=is_last_look)
            done = found.settled
            findings.known += [finding for finding in found.known if finding.item in done]
            pending = [message for message in pending if message.item not in done]
            self.on_progress(len(messages) - len(pending), f"{len(found.failures)} came back")
            if is_last_look:
                findings.known += [finding for finding in found.known if finding.item not in done]
                findings.waiting = found.waiting
                break
            if pending:
                time.sleep(poll_seconds)
                poll_seconds = min(_SLOWEST_POLL_SECONDS, poll_seconds * 1.5)
        return findings

    def look(self, messages: Iterable[RedrivenMessage], *, believe_sources: bool) -> Outcomes:
        """Looks once.

        Args:
            messages: what to look for.
            believe_sources: whether a source that is gone or overwritten settles its message even while the queue is
                not empty: the message may still be in it, and may yet fail for another reason.
        """
        # Before the DLQ is read: what has left the queue by now is in the DLQ by now, if it failed.
        believe_sources = believe_sources or self.queue.depth().all == 0
        with read_dlq(self.dlq) as reader:
            back: dict[str, list[DeadLetter]] = {}
            for letter in reader.dead_letters():
                back.setdefault(letter.message_id, []).append(letter)
        findings = Outcomes()
        for message in messages:
            for finding in self._judge(message, back.get(message.new_id, []), believe_sources):
                (findings.waiting if finding.outcome == WAITING else findings.known).append(finding)
        return findings

    def _judge(
        self, message: RedrivenMessage, letters: Sequence[DeadLetter], believe_sources: bool
    ) -> list[PhotoOutcome]:
        codes = {source: letter.code for letter in letters for source in letter.sources}
        try:
            sources = parse_message(message.body)
        except DarkroomError:
            code = letters[0].code if letters else ""
            outcome = Outcome.DEAD_LETTERED.value if letters else WAITING
            return [PhotoOutcome(item=message.item, key="", outcome=outcome, code=code)]
        if not sources:
            return [PhotoOutcome(item=message.item, key="", outcome=NOTHING_TO_DO)]
        findings = []
        for source in sources:
            code = codes.get(source, "")
            outcome = Outcome.DEAD_LETTERED.value if code else self._outcome(source, believe_sources)
            findings.append(PhotoOutcome(item=message.item, key=source.key, outcome=outcome, code=code))
        return findings

    def _outcome(self, source: SourceObject, believe_sources: bool) -> str:
        if self.photos.is_done(source):
            return Outcome.PROCESSED.value
        if not believe_sources:
            return WAITING
        state = self.photos.source_state(source)
        without_work = {SourceState.GONE: Outcome.GONE.value, SourceState.OVERWRITTEN: Outcome.SUPERSEDED.value}
        return without_work.get(state, WAITING)
