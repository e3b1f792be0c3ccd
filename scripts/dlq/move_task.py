"""SQS's message move task, which redrives a whole DLQ inside SQS.

At up to 500 messages a second, one task per queue, without filter, dry run or outcomes. The function sends dead letters
to the DLQ itself, so they have no original source and the destination must be named (Amazon SQS API Reference,
StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from scripts.cli.command_line import EXIT_INTERRUPTED, EXIT_OK, EXIT_SOME_FAILED
from scripts.cli.output import Screen

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

MAX_PER_SECOND = 500
RUNNING, CANCELLING, COMPLETED = "RUNNING", "CANCELLING", "COMPLETED"
# Error codes of a local AWS without move tasks, or of an operator without the permission.
_UNAVAILABLE = {
    "InvalidAction",
    "UnsupportedOperation",
    "AWS.SimpleQueueService.UnsupportedOperation",
    "AccessDenied",
    "AccessDeniedException",
}


@dataclass(frozen=True, kw_only=True)
class MoveTask:
    """The latest message move task of a DLQ.

    Attributes:
        status: SQS's word, such as RUNNING.
        moved: about how many messages it has moved.
        to_move: how many there were when it began; 0 if SQS does not say.
        handle: cancels it; empty unless it runs.
    """

    status: str
    moved: int
    to_move: int
    failure: str
    handle: str = ""


@dataclass(frozen=True)
class MoveTasks:
    """The message move tasks of one DLQ.

    Attributes:
        poll_seconds: between two ListMessageMoveTasks calls.
    """

    sqs: "SQSClient"
    source_arn: str
    poll_seconds: float = 2.0
    sleep: Callable[[float], None] = time.sleep

    def is_available(self) -> bool:
        """Return False if the service has no move tasks or does not allow them."""
        try:
            self.latest()
        except ClientError as error:
            if error.response["Error"]["Code"] in _UNAVAILABLE:
                return False
            raise
        return True

    def latest(self) -> MoveTask | None:
        """Return the most recent task; SQS runs only one at a time."""
        answer = self.sqs.list_message_move_tasks(SourceArn=self.source_arn, MaxResults=1)
        for task in answer.get("Results", []):
            return MoveTask(
                status=task["Status"],
                moved=task.get("ApproximateNumberOfMessagesMoved", 0),
                to_move=task.get("ApproximateNumberOfMessagesToMove", 0),
                failure=task.get("FailureReason", ""),
                handle=task.get("TaskHandle", ""),
            )
        return None

    def start(self, destination_arn: str, per_second: float | None) -> None:
        """Start a task."""
        rate = {} if per_second is None else {"MaxNumberOfMessagesPerSecond": int(per_second)}
        self.sqs.start_message_move_task(SourceArn=self.source_arn, DestinationArn=destination_arn, **rate)

    def follow(self, on_progress: Callable[[int, str], None]) -> MoveTask | None:
        """Wait for the latest task to end; report how many messages it has moved, and of how many."""
        while (task := self.latest()) and task.status in (RUNNING, CANCELLING):
            on_progress(task.moved, f"of about {task.to_move:,}")
            self.sleep(self.poll_seconds)
        return task

    def cancel(self) -> int | None:
        """Cancel the running task; return about how many messages it had moved, None if none is running."""
        task = self.latest()
        if task is None or task.status != RUNNING:
            return None
        return self.sqs.cancel_message_move_task(TaskHandle=task.handle)["ApproximateNumberOfMessagesMoved"]


def run_move_task(tasks: MoveTasks, destination_arn: str, per_second: float | None, screen: Screen) -> int:
    """Let SQS move everything, and return the exit code; Ctrl-C cancels it."""
    tasks.start(destination_arn, per_second)
    try:
        with screen.progress("SQS is redriving", None) as on_progress:
            task = tasks.follow(on_progress)
    except KeyboardInterrupt:
        cancel_move_task(tasks, screen)
        return EXIT_INTERRUPTED
    if task is None:
        screen.result(["SQS knows of no message move task for this queue."], None)
        return EXIT_SOME_FAILED
    lines = [f"SQS's message move task is {task.status}: about {task.moved:,} of {task.to_move:,} moved."]
    lines += [f"It failed: {task.failure}"] if task.failure else []
    counts = {"moved": task.moved, "to_move": task.to_move}
    screen.result(lines, {"executed": True, "status": task.status, **counts, "failure": task.failure})
    return EXIT_OK if task.status == COMPLETED else EXIT_SOME_FAILED


def cancel_move_task(tasks: MoveTasks, screen: Screen) -> None:
    """Cancel SQS's running task, and report it."""
    moved = tasks.cancel() if tasks.is_available() else None
    line = "No message move task is running."
    if moved is not None:
        line = f"Cancelled; about {moved:,} were moved already, the rest is still in the DLQ."
    screen.result([line], {"cancelled": moved is not None, "moved": moved})


def can_use_rate(per_second: float | None) -> bool:
    """Return True if a task can have this rate: a whole number from 1 to 500."""
    return per_second is None or (per_second == int(per_second) and 1 <= per_second <= MAX_PER_SECOND)
