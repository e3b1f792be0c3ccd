"""Redrives dead letters in order: the canary, the rest, the outcomes. `send_then_delete` moves each batch."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice

from scripts.aws.dead_letter import DeadLetter
from scripts.aws.dlq_reader import read_dlq
from scripts.aws.parallel import map_in_threads
from scripts.aws.photo_state import PhotoStates, SourceState
from scripts.aws.sqs_queue import SqsQueue
from scripts.aws.stage import Stage
from scripts.cli.output import Screen
from scripts.dlq.move_task import can_use_rate
from scripts.dlq.outcomes import OutcomeChecker, Outcomes
from scripts.dlq.pending_outcomes import SETTLED, pending_outcomes
from scripts.dlq.redrive_plan import RedrivePlan, RedriveRequest, plan_actions
from scripts.dlq.selection import select
from scripts.dlq.send_then_delete import Mover, MoveResult
from scripts.sending.journal import Journal
from scripts.sending.rate_limit import RateLimit
from scripts.sending.sender import Sender

THREADS = 16
# More canaries than needed, because SQS returns some of them first.
SPARE_CANARIES = 100


@dataclass
class RedriveResult:
    """The result of a redrive.

    Attributes:
        moves: results of moving.
        outcomes: the photos' outcomes, if they were waited for.
        untouched: dead letters left in the DLQ because the canary failed or proved nothing.
    """

    moves: MoveResult = field(default_factory=MoveResult)
    outcomes: Outcomes = field(default_factory=Outcomes)
    untouched: int = 0

    @property
    def proves_success(self) -> bool:
        """True if a canary with this result proves that the rest will succeed."""
        return self.moves.is_clean and self.outcomes.is_good and self.outcomes.has_processed


@dataclass(frozen=True)
class Redrive:
    """A redrive of a stage's DLQ."""

    stage: Stage
    request: RedriveRequest
    screen: Screen

    @property
    def destination(self) -> SqsQueue:
        return SqsQueue(self.stage.sqs, self.request.to)

    def plan(self, journal: Journal | None, *, can_use_move_task: bool = False) -> RedrivePlan:
        """Read the DLQ and the journal; change nothing."""
        request = self.request
        with read_dlq(self.stage.dlq) as reader:
            letters, left = select(reader.dead_letters(), request.selection, datetime.now(UTC), request.most)
        known = journal.find(letter.id for letter in letters) if journal else {}
        pending = pending_outcomes(journal, request.to, letters) if journal and request.verify else []
        return RedrivePlan(
            source=self.stage.dlq.name,
            destination=self.destination.name,
            request=request,
            actions=plan_actions(letters, known),
            left=left,
            in_flight=reader.depth.in_flight,
            pending=len(pending),
            by_move_task=can_use_move_task and is_whole_queue(request) and bool(letters) and not known,
        )

    def execute(self, plan: RedrivePlan, journal: Journal) -> RedriveResult:
        """Move the canary, check its outcomes, move the rest, check all outcomes."""
        result, wanted = RedriveResult(), plan.wanted
        sender = Sender(self.destination, journal, RateLimit(self.request.per_second))
        with self.screen.progress("redriving", len(wanted)) as on_progress:
            mover = Mover(self.stage.dlq, sender, on_progress)
            if self.request.canary and wanted:
                result = self._move_canaries(plan, journal, mover)
                if not result.proves_success:
                    result.untouched = len(wanted) - len(result.moves.moved)
                    return result
            result.moves = mover.move(wanted - result.moves.moved)
        if self.request.verify:
            result.outcomes.photos += self._find_outcomes(journal).photos
        return result

    def _move_canaries(self, plan: RedrivePlan, journal: Journal, mover: Mover) -> RedriveResult:
        letters = [action.letter for action in plan.actions]
        moves = mover.move(
            choose_canaries(letters, PhotoStates.of(self.stage), self.request.canary), self.request.canary
        )
        return RedriveResult(moves, self._find_outcomes(journal, moves.moved))

    def _find_outcomes(self, journal: Journal, items: set[str] | None = None) -> Outcomes:
        """Wait for the outcomes of these items, or of all pending ones, and journal them."""
        messages = pending_outcomes(journal, self.request.to)
        messages = [message for message in messages if items is None or message.item in items]
        patience_seconds = self.request.patience_seconds
        with self.screen.progress("waiting for outcomes", len(messages)) as on_progress:
            photos = PhotoStates.of(self.stage)
            checker = OutcomeChecker(photos, self.destination, self.stage.dlq, patience_seconds, on_progress)
            outcomes = checker.wait(messages)
        journal.record(replace(entry, step=SETTLED) for entry in journal.find(outcomes.settled).values())
        return outcomes


def is_whole_queue(request: RedriveRequest) -> bool:
    """Return True if a message move task can do what is asked: everything, without outcomes."""
    asks_more = request.most is not None or request.canary or request.verify
    return request.selection.is_everything and not asks_more and can_use_rate(request.per_second)


def choose_canaries(letters: Iterable[DeadLetter], photos: PhotoStates, count: int) -> set[str]:
    """Return ids of dead letters that succeed only if the cause is fixed, and some to spare.

    Their photo is unchanged and not done yet. Others need nothing and prove nothing.
    """

    def proves_something(letter: DeadLetter) -> bool:
        return any(photos.source_state(s) is SourceState.SAME and not photos.is_done(s) for s in letter.sources)

    checked = map_in_threads(lambda letter: letter.id if proves_something(letter) else "", letters, THREADS)
    with closing(checked):
        return set(islice(filter(None, checked), count + SPARE_CANARIES))
