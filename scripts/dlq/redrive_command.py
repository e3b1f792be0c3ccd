"""The command `dlq redrive`: plans a redrive, then prints the plan, or moves the canary, the rest, and waits.

`send_then_delete` moves each batch.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from botocore.exceptions import ClientError

from scripts.aws.dead_letter import DeadLetter
from scripts.aws.dlq_reader import DlqReader, read_dlq, refuse_beside_move_task, wait_until_visible
from scripts.aws.move_tasks import MoveTasks, can_use_rate
from scripts.aws.parallel import map_in_threads
from scripts.aws.photo_state import PhotoStates, SourceState
from scripts.aws.sqs_queue import SqsQueue
from scripts.aws.stage import Stage, find_stage
from scripts.cli.command_line import EXIT_OK, ExecuteOption, JournalOption, JsonOption, StageOption
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.cli.units import parse_duration, parse_rate
from scripts.dlq.move_task import cancel_move_task, run_move_task
from scripts.dlq.outcomes import (
    OutcomeChecker,
    Outcomes,
    pending_outcomes,
    record_reported,
    record_settled,
    settled_outcomes,
)
from scripts.dlq.redrive_plan import DRY_RUN, RedrivePlan, RedriveRequest, plan_actions
from scripts.dlq.redrive_report import RedriveResult
from scripts.dlq.selection import CodeOption, KeyOption, NewerOption, OlderOption, Selection, by_key, select
from scripts.dlq.send_then_delete import Mover
from scripts.sending.journal import Journal, journal_path, open_journal
from scripts.sending.sender import RateLimit, Sender

THREADS = 16
PROOF_LASTS = timedelta(hours=1)  # of an interrupted run's canary
NOTHING_DONE = "Nothing was sent or deleted."

RateOption = Annotated[
    float | None, typer.Option("--rate", parser=parse_rate, metavar="N/s", help="Send at most 10/s, 300/m.")
]
ToOption = Annotated[str, typer.Option("--to", metavar="QUEUE", help="Send to another queue, by name or URL.")]


def redrive_dead_letters(
    stage: StageOption,
    code: CodeOption = None,
    every_code: Annotated[bool, typer.Option("--all", help="Permanent failures too, which come back.")] = False,
    key: KeyOption = None,
    older_than: OlderOption = None,
    newer_than: NewerOption = None,
    most: Annotated[int | None, typer.Option("--max", min=1, metavar="N", help="The oldest N at most.")] = None,
    per_second: RateOption = None,
    to: ToOption = "",
    canary: Annotated[
        int, typer.Option("--canary", min=0, metavar="N", help="Move N first; go on only if all succeed.")
    ] = 0,
    verify: Annotated[bool, typer.Option("--verify", help="Wait for every outcome and report it.")] = False,
    wait: Annotated[
        timedelta | None,
        typer.Option(
            "--wait", parser=parse_duration, metavar="TIME", help="The longest wait for outcomes; 30m by default."
        ),
    ] = None,
    journal: JournalOption = None,
    cancel: Annotated[bool, typer.Option("--cancel", help="Cancel a running message move task.")] = False,
    execute: ExecuteOption = False,
    as_json: JsonOption = False,
) -> int:
    """Send dead letters back to be processed again. Each is sent first and then deleted, with its attributes."""
    deployed, screen = find_stage(stage), Screen(as_json=as_json)
    if cancel:
        cancel_move_task(MoveTasks(deployed.sqs, deployed.dlq.arn), screen)
        return EXIT_OK
    request = RedriveRequest(
        selection=Selection(code, key, older_than, newer_than, retryable_only=not (code or every_code)),
        most=most,
        per_second=per_second,
        to=find_queue(deployed, to).url,
        canary=canary,
        verify=verify,
        journal=journal or journal_path("redrive", stage),
        patience_seconds=(wait or timedelta(minutes=30)).total_seconds(),
    )
    return redrive(deployed, request, screen, execute=execute)


def redrive(stage: Stage, request: RedriveRequest, screen: Screen, *, execute: bool) -> int:
    """Plan a redrive; print the plan, or execute it."""
    _check_destination(stage, request)
    job, tasks = Redrive(stage, request, screen), MoveTasks(stage.sqs, stage.dlq.arn)
    can_use_move_task = tasks.is_available()
    if execute:
        refuse_beside_move_task(stage.dlq)
    with open_journal(request.journal, execute=execute) as journal:
        if execute:
            with screen.on_interrupt(lambda: NOTHING_DONE):
                wait_until_visible(stage.dlq, screen)
        with read_dlq(stage.dlq, screen) as reader:
            with screen.on_interrupt(lambda: NOTHING_DONE):
                plan = job.plan(reader, journal, can_use_move_task=can_use_move_task)
            for line in plan.cautions() if execute else ():
                screen.note(line)
            if execute and journal and not plan.by_move_task:
                result = job.execute(plan, journal, reader)
                screen.result(result.report(plan), result.to_document(plan))
                record_reported(journal, result.reported)
                return result.exit_code
        if execute:
            return run_move_task(tasks, job.destination.arn, len(plan.letters), request.per_second, screen)
    screen.result([DRY_RUN, *plan.report(datetime.now(UTC))], plan.to_document())
    return EXIT_OK


def find_queue(stage: Stage, name_or_url: str) -> SqsQueue:
    """Return a queue; the stage's own for an empty name.

    Raises:
        OperatorError: the queue does not exist.
    """
    if not name_or_url or "://" in name_or_url:
        return SqsQueue(stage.sqs, name_or_url or stage.outputs.queue_url)
    try:
        return SqsQueue(stage.sqs, stage.sqs.get_queue_url(QueueName=name_or_url)["QueueUrl"])
    except ClientError as error:
        raise OperatorError(f"there is no queue {name_or_url!r}: {error}") from error


def _check_destination(stage: Stage, request: RedriveRequest) -> None:
    if request.to == stage.outputs.dead_letter_queue_url:
        raise OperatorError("a DLQ cannot be redriven to itself")
    if request.to != stage.outputs.queue_url and (request.canary or request.verify):
        raise OperatorError("--canary and --verify need the stage's own queue: only its function stores outcomes")


@dataclass(frozen=True)
class Redrive:
    """A redrive of a stage's DLQ."""

    stage: Stage
    request: RedriveRequest
    screen: Screen

    @property
    def destination(self) -> SqsQueue:
        return SqsQueue(self.stage.sqs, self.request.to)

    def plan(self, reader: DlqReader, journal: Journal | None, *, can_use_move_task: bool = False) -> RedrivePlan:
        """Read the DLQ and the journal; change nothing."""
        request = self.request
        letters, left = select(reader.dead_letters(), request.selection, datetime.now(UTC), request.most)
        known = journal.find(letter.id for letter in letters) if journal else {}
        pending = pending_outcomes(journal, request.to, letters) if journal and request.verify else []
        return RedrivePlan(
            source=self.stage.dlq.name,
            destination=self.destination.name,
            request=request,
            actions=plan_actions(sorted(letters, key=by_key), known),
            left=left,
            in_flight=reader.in_flight,
            unseen=reader.unseen,
            pending=len(pending),
            by_move_task=can_use_move_task and is_whole_queue(request) and bool(letters) and not known,
        )

    def execute(self, plan: RedrivePlan, journal: Journal, reader: DlqReader) -> RedriveResult:
        """Move the canary, check its outcomes, move the rest, check all outcomes."""
        result, letters = RedriveResult(unseen=plan.unseen), plan.letters
        with self.screen.on_interrupt(lambda: result.so_far(len(letters))):
            reader.keep(letters)
            sender = Sender(self.destination, journal, RateLimit(self.request.per_second))
            if self.request.canary and letters and not self._is_proved(journal):
                self._move_canary(sender, letters, reader, result)
                if not result.proves_success:
                    result.untouched = len(letters) - len(result.moves.moved)
                    return result
            self._move(sender, [letter for letter in letters if letter.id not in result.moves.moved], reader, result)
            reader.release_all()
            if self.request.verify:
                waiting = self._find_outcomes(journal).waiting
                result.outcomes.photos = [*settled_outcomes(journal, self.request.to), *waiting]
        return result

    def _move(
        self,
        sender: Sender,
        letters: Sequence[DeadLetter],
        reader: DlqReader,
        result: RedriveResult,
        *,
        is_canary: bool = False,
    ) -> None:
        with self.screen.progress("redriving", len(letters)) as on_progress:
            before = len(result.moves.moved)
            mover = Mover(sender, lambda moved, note: on_progress(moved - before, note), result.moves)
            mover.move(reader, letters, is_canary=is_canary)

    def _move_canary(
        self, sender: Sender, letters: Sequence[DeadLetter], reader: DlqReader, result: RedriveResult
    ) -> None:
        """Move the canary and wait for its outcomes; hold the rest meanwhile."""
        with reader.holding():
            canaries = choose_canaries(letters, PhotoStates.of(self.stage), self.request.canary, self.screen)
            self._move(sender, canaries, reader, result, is_canary=True)
            result.outcomes = self._find_outcomes(sender.journal, set(result.moves.moved))

    def _is_proved(self, journal: Journal) -> bool:
        """Return True if an interrupted run's canary has succeeded lately."""
        photos = settled_outcomes(journal, self.request.to, PROOF_LASTS)
        proof = RedriveResult(outcomes=Outcomes([photo for photo in photos if photo.is_canary]))
        if proof.proves_success:
            self.screen.note("The interrupted run's canary has succeeded; going on with the others.")
        return proof.proves_success

    def _find_outcomes(self, journal: Journal, items: set[str] | None = None) -> Outcomes:
        """Wait for the outcomes of these items, or of all pending ones, and journal them."""
        pending = pending_outcomes(journal, self.request.to)
        messages = [message for message in pending if items is None or message.item in items]
        patience_seconds = self.request.patience_seconds
        with self.screen.progress("waiting for outcomes", len(messages)) as on_progress:
            photos = PhotoStates.of(self.stage)
            checker = OutcomeChecker(photos, self.destination, self.stage.dlq, patience_seconds, on_progress)
            outcomes = checker.wait(messages)
        record_settled(journal, outcomes)
        return outcomes


def is_whole_queue(request: RedriveRequest) -> bool:
    """Return True if a message move task can do what is asked: everything, without outcomes."""
    asks_more = request.most is not None or request.canary or request.verify
    return request.selection.is_everything and not asks_more and can_use_rate(request.per_second)


def choose_canaries(letters: Sequence[DeadLetter], photos: PhotoStates, count: int, screen: Screen) -> list[DeadLetter]:
    """Return dead letters that succeed only if the cause is fixed.

    Their photo is unchanged and not done yet. Others need nothing and prove nothing.
    """

    def proves_something(letter: DeadLetter) -> bool:
        return any(photos.source_state(s) is SourceState.SAME and not photos.is_done(s) for s in letter.sources)

    chosen: list[DeadLetter] = []
    checked = map_in_threads(lambda letter: letter if proves_something(letter) else None, letters, THREADS)
    with closing(checked), screen.progress("choosing the canary", len(letters)) as on_progress:
        for number, letter in enumerate(checked, start=1):
            chosen += [letter] if letter else []
            if len(chosen) == count:
                break
            on_progress(number, f"{len(chosen):,} found")
    return chosen
