"""Redrives a whole DLQ by SQS's message move task, and cancels it."""

from processing.wording import count_of
from scripts.aws.move_tasks import COMPLETED, RUNNING, MoveTask, MoveTasks
from scripts.cli.command_line import EXIT_INTERRUPTED, EXIT_OK, EXIT_SOME_FAILED
from scripts.cli.output import Screen

# SQS's counts are approximate; a task that moved less than this share of the dead letters has left some.
LEAST_SHARE_MOVED = 0.95


def run_move_task(
    tasks: MoveTasks, destination_arn: str, expected: int, per_second: float | None, screen: Screen
) -> int:
    """Let SQS move everything, and return the exit code; Ctrl-C cancels it.

    Args:
        tasks: of the DLQ.
        destination_arn: the queue to move to.
        expected: how many dead letters were read before.
        per_second: messages a second; None for SQS's own rate.
        screen: for progress and result.
    """
    started = tasks.start(destination_arn, per_second)
    try:
        with screen.progress("SQS is redriving", expected) as on_progress:
            task = tasks.follow(started, on_progress)
    except KeyboardInterrupt:
        _report_cancelled(tasks.cancel(started.handle), screen)
        return EXIT_INTERRUPTED
    if task is None:
        screen.result(["SQS does not list the message move task that it started: see what is left."], None)
        return EXIT_SOME_FAILED
    is_short = task.moved < LEAST_SHARE_MOVED * expected
    counts = {"moved": task.moved, "to_move": task.to_move, "expected": expected}
    document = {"executed": True, "status": task.status, **counts, "failure": task.failure}
    screen.result(_report(task, expected if is_short else None), document)
    return EXIT_SOME_FAILED if is_short or task.status != COMPLETED else EXIT_OK


def cancel_move_task(tasks: MoveTasks, screen: Screen) -> None:
    """Cancel SQS's running task, and report it."""
    task = tasks.running()
    _report_cancelled(tasks.cancel(task.handle) if task and task.status == RUNNING else None, screen)


def _report(task: MoveTask, short_of: int | None) -> list[str]:
    lines = [f"SQS's message move task is {task.status}: about {task.moved:,} of {task.to_move:,} moved."]
    lines += [f"It failed: {task.failure}"] if task.failure else []
    if short_of is not None:
        lines.append(
            f"{count_of(short_of, 'dead letter')} were read before: some are still in the DLQ. "
            "Count them with `dlq list`, then give the command again."
        )
    return lines


def _report_cancelled(moved: int | None, screen: Screen) -> None:
    line = "No message move task is running."
    if moved is not None:
        line = f"Cancelled; about {moved:,} were moved already, the rest is still in the DLQ."
    screen.result([line], {"cancelled": moved is not None, "moved": moved})
