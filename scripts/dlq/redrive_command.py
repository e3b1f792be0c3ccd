"""The command `dlq redrive`: plan, then print the plan or carry it out."""

from datetime import UTC, datetime

from botocore.exceptions import ClientError

from scripts.aws.dlq_reader import NOTICE, wait_until_visible
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_INTERRUPTED, EXIT_OK
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.dlq.move_task import MoveTasks, MoveTaskStatus
from scripts.dlq.redrive import Redrive, RedriveRequest
from scripts.dlq.redrive_plan import DRY_RUN, RedrivePlan, plan_document, redrive_report
from scripts.dlq.redrive_report import result_code, result_document, result_report, task_code, task_report
from scripts.sending.journal import Journal, open_journal


def redrive(target: Stage, request: RedriveRequest, screen: Screen, *, execute: bool) -> int:
    """Plans a redrive; prints the plan, or carries it out with `execute`."""
    job = Redrive(target, request, screen)
    _check(target, request)
    _refuse_beside_a_task(job)
    screen.note(NOTICE)
    with open_journal(request.journal, execute=execute) as journal:
        if execute:
            wait_until_visible(job.source, screen)
        plan = job.plan(journal)
        if execute and journal:
            return _execute(job, plan, journal, screen)
    screen.result([DRY_RUN, *redrive_report(plan, datetime.now(UTC))], plan_document(plan))
    return EXIT_OK


def cancel(target: Stage, screen: Screen) -> int:
    """Stops a running message move task of SQS's."""
    queue = target.dlq
    tasks = MoveTasks(target.sqs, queue.arn)
    moved = tasks.cancel() if tasks.are_there() else None
    line = "No message move task is running." if moved is None else f"Cancelled; about {moved:,} were moved already."
    screen.result([line], {"cancelled": moved is not None, "moved": moved})
    return EXIT_OK


def find_queue(target: Stage, name_or_url: str) -> str:
    """The URL of the queue that a person named; the stage's own for none.

    Raises:
        OperatorError: there is no such queue.
    """
    if not name_or_url:
        return target.outputs.queue_url
    if "://" in name_or_url:
        return name_or_url
    try:
        return target.sqs.get_queue_url(QueueName=name_or_url)["QueueUrl"]
    except ClientError as error:
        raise OperatorError(f"there is no queue {name_or_url!r}: {error}") from error


def _check(target: Stage, request: RedriveRequest) -> None:
    if request.to == target.outputs.dead_letter_queue_url:
        raise OperatorError("a DLQ cannot be redriven to itself")
    if request.to != target.outputs.queue_url and (request.canary or request.verify):
        raise OperatorError("--canary and --verify need the stage's own queue: only its function tells outcomes")


def _refuse_beside_a_task(job: Redrive) -> None:
    tasks = job.move_tasks
    running = tasks.latest() if tasks.are_there() else None
    if running and running.status is MoveTaskStatus.RUNNING:
        raise OperatorError(
            f"SQS is already moving this queue's messages (about {running.moved:,} so far): "
            "wait for it, or stop it with `dlq redrive --cancel`"
        )


def _execute(job: Redrive, plan: RedrivePlan, journal: Journal, screen: Screen) -> int:
    if plan.by_move_task:
        return _run_task(job, screen)
    try:
        result = job.execute(plan, journal)
    except KeyboardInterrupt:
        screen.note("Interrupted. Nothing is lost: give the same command again to go on.")
        raise
    screen.result(result_report(plan, result), result_document(plan, result))
    return result_code(result)


def _run_task(job: Redrive, screen: Screen) -> int:
    """Lets SQS move everything; Ctrl-C cancels it."""
    tasks = job.move_tasks
    tasks.start(job.destination.arn, job.request.per_second)
    try:
        with screen.progress("SQS is redriving", None) as on_progress:
            task = tasks.follow(lambda moved, to_move: on_progress(moved, f"of about {to_move:,}"))
    except KeyboardInterrupt:
        moved = tasks.cancel()
        line = f"Cancelled; about {moved or 0:,} were moved already, the rest is still in the DLQ."
        screen.result([line], {"cancelled": moved is not None, "moved": moved})
        return EXIT_INTERRUPTED
    screen.result(task_report(task), {"executed": True, **task.to_document()} if task else None)
    return task_code(task)
