"""A redrive: planned, then carried out letter by letter with a journal, with a canary and a proof if asked for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scripts.aws.deployed_settings import read_deployed_settings
from scripts.aws.dlq_reader import read_dlq
from scripts.aws.photo_state import PhotoStates
from scripts.aws.sqs_queue import SqsQueue
from scripts.aws.stage import Stage
from scripts.cli.output import Screen
from scripts.dlq import move_task
from scripts.dlq.canary import choose_canaries
from scripts.dlq.mover import Mover, Moves
from scripts.dlq.outcomes import OutcomeChecker, Outcomes
from scripts.dlq.pending_outcomes import SETTLED, pending_outcomes
from scripts.dlq.redrive_plan import RedrivePlan, plan_actions
from scripts.dlq.selection import Selection, select
from scripts.sending.journal import Journal, JournalEntry
from scripts.sending.rate_limit import RateLimit
from scripts.sending.sender import Sender


@dataclass(frozen=True, kw_only=True)
class RedriveRequest:
    """What a person asked for.

    Attributes:
        selection: which letters.
        most: the oldest so many at most; None for all.
        per_second: the rate; None for as fast as it goes.
        to: the destination's URL.
        canary: how many go first, alone; 0 for none.
        verify: whether outcomes are waited for.
        journal: the journal's file.
        patience_seconds: how long outcomes are waited for.
    """

    selection: Selection
    most: int | None
    per_second: float | None
    to: str
    canary: int
    verify: bool
    journal: Path
    patience_seconds: float = 1800.0

    @property
    def is_whole_queue(self) -> bool:
        """Whether SQS could do it: nothing is left out, and no one wants to know about single messages."""
        wants_more = self.most is not None or self.canary or self.verify
        return self.selection.is_everything and not wants_more and move_task.fits(self.per_second)


@dataclass
class RedriveResult:
    """What a redrive did.

    Attributes:
        moves: what became of the letters.
        findings: the outcomes, if they were waited for.
        untouched: how many letters were left in the DLQ because the canary failed or proved nothing.
    """

    moves: Moves = field(default_factory=Moves)
    findings: Outcomes = field(default_factory=Outcomes)
    untouched: int = 0

    @property
    def is_well(self) -> bool:
        """Whether a canary that ended so proves that the rest will go well, too."""
        return self.moves.is_clean and self.findings.is_good and self.findings.has_processed


@dataclass(frozen=True)
class Redrive:
    """One redrive of a stage's DLQ."""

    target: Stage
    request: RedriveRequest
    screen: Screen

    @property
    def source(self) -> SqsQueue:
        return self.target.dlq

    @property
    def destination(self) -> SqsQueue:
        return SqsQueue(self.target.sqs, self.request.to)

    @property
    def move_tasks(self) -> move_task.MoveTasks:
        return move_task.MoveTasks(self.target.sqs, self.source.arn)

    def plan(self, journal: Journal | None) -> RedrivePlan:
        """Reads the DLQ and the journal; changes nothing."""
        request, now = self.request, datetime.now(UTC)
        with read_dlq(self.source) as reader:
            selected = select(reader.dead_letters(), request.selection, now, request.most)
        known = journal.find(letter.id for letter in selected.chosen) if journal else {}
        unverified = pending_outcomes(journal, request.to, selected.chosen) if journal and request.verify else []
        is_task = request.is_whole_queue and not known and bool(selected.chosen) and self.move_tasks.are_there()
        return RedrivePlan(
            source=self.source.name,
            destination=self.destination.name,
            conditions=request.selection.describe(),
            actions=plan_actions(selected, known),
            left=selected.left,
            in_flight=reader.depth.in_flight,
            per_second=request.per_second,
            canary=request.canary,
            verify_for=timedelta(seconds=request.patience_seconds) if request.verify else None,
            unverified=len(unverified),
            by_move_task=is_task,
        )

    def execute(self, plan: RedrivePlan, journal: Journal) -> RedriveResult:
        """Carries out a plan: the canary, the rest, the proof."""
        result, wanted = RedriveResult(), plan.wanted
        with self._mover(journal, len(wanted)) as mover:
            if plan.canary and wanted:
                result = self._send_canaries(plan, journal, mover)
                if not result.is_well:
                    result.untouched = len(wanted) - len(result.moves.moved)
                    return result
            result.moves.add(mover.move(wanted - result.moves.moved))
        if self.request.verify:
            result.findings = self._find_outcomes(journal, None, result.findings)
        return result

    def _send_canaries(self, plan: RedrivePlan, journal: Journal, mover: Mover) -> RedriveResult:
        letters = [action.letter for action in plan.actions]
        moves = mover.move(choose_canaries(letters, self._photos(), plan.canary), plan.canary)
        return RedriveResult(moves, self._find_outcomes(journal, moves.moved))

    def _find_outcomes(self, journal: Journal, items: set[str] | None, earlier: Outcomes | None = None) -> Outcomes:
        """Waits for the outcomes of these items, or of all that have none yet, and journals them."""
        unverified = pending_outcomes(journal, self.request.to)
        messages = [message for message in unverified if items is None or message.item in items]
        with self.screen.progress("waiting for outcomes", len(messages)) as on_progress:
            findings = self._judge(on_progress).wait(messages)
        outcomes = findings.settled_documents()
        entries = journal.find(outcomes).values()
        journal.record(
            JournalEntry(e.item, SETTLED, {**e.document, "outcomes": outcomes[e.item]}, e.at) for e in entries
        )
        if earlier:
            findings.known = earlier.known + findings.known
        return findings

    def _judge(self, on_progress: Callable[[int, str], None]) -> OutcomeChecker:
        return OutcomeChecker(self._photos(), self.destination, self.source, self.request.patience_seconds, on_progress)

    def _photos(self) -> PhotoStates:
        fingerprint = read_deployed_settings(self.target).fingerprint
        return PhotoStates(self.target.s3, self.target.outputs.output_bucket, fingerprint)

    @contextmanager
    def _mover(self, journal: Journal, total: int) -> Iterator[Mover]:
        sender = Sender(self.destination, journal, RateLimit(self.request.per_second))
        with self.screen.progress("redriving", total) as on_progress:
            yield Mover(self.source, sender, on_progress)
