"""The command `dlq redrive`: plans a redrive, then prints the plan or executes it."""

from datetime import UTC, datetime

from botocore.exceptions import ClientError

from scripts.aws.dlq_reader import wait_until_visible
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_INTERRUPTED, EXIT_OK, EXIT_SOME_FAILED
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.dlq.move_task import COMPLETED, RUNNING, MoveTasks
from scripts.dlq.redrive import Redrive
from scripts.dlq.redrive_plan import DRY_RUN, RedriveRequest, plan_document, plan_report
from scripts.dlq.redrive_report import result_code, result_document, result_report
from scripts.sending.journal import open_journal


def redrive(stage: Stage, request: RedriveRequest, screen: Screen, *, execute: bool) -> int:
    """Plan a redrive; print the plan, or execute it."""
    _check_destination(stage, request)
    job, tasks = Redrive(stage, request, screen), MoveTasks(stage.sqs, stage.dlq.arn)
    can_use_move_task = tasks.is_available()
    if can_use_move_task:
        _refuse_beside_a_task(tasks)
    with open_journal(request.journal, execute=execute) as journal:
        if execute:
            wait_until_visible(stage.dlq, screen)
        plan = job.plan(journal, can_use_move_task=can_use_move_task)
        if not (execute and journal):
            screen.result([DRY_RUN, *plan_report(plan, datetime.now(UTC))], plan_document(plan))
            return EXIT_OK
        if plan.by_move_task:
            return _run_task(job, tasks, screen)
        try:
            result = job.execute(plan, journal)
        except KeyboardInterrupt:
            screen.note("Interrupted. Nothing is lost: give the same command again to go on.")
            raise
    screen.result(result_report(plan, result), result_document(plan, result))
    return result_code(result)


def cancel(stage: Stage, screen: Screen) -> int:
    """Cancel SQS's running message move task."""
    tasks = MoveTasks(stage.sqs, stage.dlq.arn)
    moved = tasks.cancel() if tasks.is_available() else None
    line = "No message move task is running." if moved is None else f"Cancelled; about {moved:,} were moved already."
    screen.result([line], {"cancelled": moved is not None, "moved": moved})
    return EXIT_OK


def find_queue_url(stage: Stage, name_or_url: str) -> str:
    """Return a queue's URL; the stage's own queue for an empty name.

    Raises:
        OperatorError: the queue does not exist.
    """
    if not name_or_url:
        return stage.outputs.queue_url
    if "://" in name_or_url:
        return name_or_url
    try:
        return stage.sqs.get_queue_url(QueueName=name_or_url)["QueueUrl"]
    except ClientError as error:
        raise OperatorError(f"there is no queue {name_or_url!r}: {error}") from error


def _check_destination(stage: Stage, request: RedriveRequest) -> None:
    if request.to == stage.outputs.dead_letter_queue_url:
        raise OperatorError("a DLQ cannot be redriven to itself")
    if request.to != stage.outputs.queue_url and (request.canary or request.verify):
        raise OperatorError("--canary and --verify need the stage's own queue: only its function stores outcomes")


def _refuse_beside_a_task(tasks: MoveTasks) -> None:
    task = tasks.latest()
    if task and task.status == RUNNING:
        raise OperatorError(
            f"SQS is already moving this queue's messages (about {task.moved:,} so far): "
            "wait for it, or stop it with `dlq redrive --cancel`"
        )


def _run_task(job: Redrive, tasks: MoveTasks, screen: Screen) -> int:
    """Let SQS move everything; Ctrl-C cancels it."""
    tasks.start(job.destination.arn, job.request.per_second)
    try:
        with screen.progress("SQS is redriving", None) as on_progress:
            task = tasks.follow(lambda moved, to_move: on_progress(moved, f"of about {to_move:,}"))
    except KeyboardInterrupt:
        moved = tasks.cancel()
        line = f"Cancelled; about {moved or 0:,} were moved already, the rest is still in the DLQ."
        screen.result([line], {"cancelled": moved is not None, "moved": moved})
        return EXIT_INTERRUPTED
    if task is None:
        screen.result(["SQS knows of no message move task for this queue."], None)
        return EXIT_SOME_FAILED
    lines = [f"SQS's message move task is {task.status}: about {task.moved:,} of {task.to_move:,} moved."]
    lines += [f"It failed: {task.failure}"] if task.failure else []
    screen.result(lines, {"executed": True, **task.to_document()})
    return EXIT_OK if task.status == COMPLETED else EXIT_SOME_FAILED
