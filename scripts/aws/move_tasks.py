"""SQS's message move tasks, which move all messages of a DLQ to another queue inside SQS.

At up to 500 messages a second, one task per queue, without filter, dry run or outcomes. The function sends dead letters
to the DLQ itself, so they have no original source and the destination must be named (Amazon SQS API Reference,
StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

MAX_PER_SECOND = 500
RUNNING, CANCELLING, COMPLETED = "RUNNING", "CANCELLING", "COMPLETED"
MAX_LISTED = 10  # SQS's limit
POLL_SECONDS = 2.0
MAX_POLLS_WITHOUT = 5  # a task may be listed some seconds after its start
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
    """A message move task of a DLQ.

    Attributes:
        status: SQS's word, such as RUNNING.
        moved: about how many messages it has moved.
        to_move: how many there were when it began; 0 if SQS does not say.
        started_at: in milliseconds since 1970; tells the tasks of a queue apart.
        handle: cancels it; SQS says it only while the task runs.
    """

    status: str
    moved: int
    to_move: int
    failure: str
    started_at: int = 0
    handle: str = ""

    @classmethod
    def from_answer(cls, task: Any) -> "MoveTask":
        """Read one element of ListMessageMoveTasks' `Results`."""
        return cls(
            status=task["Status"],
            moved=task.get("ApproximateNumberOfMessagesMoved", 0),
            to_move=task.get("ApproximateNumberOfMessagesToMove", 0),
            failure=task.get("FailureReason", ""),
            started_at=task.get("StartedTimestamp", 0),
            handle=task.get("TaskHandle", ""),
        )


@dataclass
class StartedMoveTask:
    """A task that this process has started.

    Attributes:
        handle: SQS's answer to the start.
        earlier: `started_at` of the tasks that were there before.
        started_at: its own, once SQS has listed it.
    """

    handle: str
    earlier: frozenset[int] = frozenset()
    started_at: int | None = None

    def find(self, tasks: list[MoveTask]) -> MoveTask | None:
        """Return this task: by its handle while it runs, then by its start."""
        mine = [task for task in tasks if task.handle == self.handle]
        if not mine and self.started_at is not None:
            mine = [task for task in tasks if task.started_at == self.started_at]
        elif not mine:  # it ended before it was listed: the first of the new ones, as SQS runs one at a time
            new = [task for task in tasks if task.started_at not in self.earlier and not task.handle]
            mine = sorted(new, key=lambda task: task.started_at)
        if mine:
            self.started_at = mine[0].started_at
        return mine[0] if mine else None


@dataclass(frozen=True)
class MoveTasks:
    """The message move tasks of one DLQ."""

    sqs: "SQSClient"
    source_arn: str

    def is_available(self) -> bool:
        """Return False if the service has no move tasks or does not allow them."""
        return self._recent_if_available() is not None

    def recent(self) -> list[MoveTask]:
        """Return the most recent tasks, the latest first."""
        answer = self.sqs.list_message_move_tasks(SourceArn=self.source_arn, MaxResults=MAX_LISTED)
        return [MoveTask.from_answer(task) for task in answer.get("Results", [])]

    def running(self) -> MoveTask | None:
        """Return the task that moves messages now; None without one, or without move tasks at all."""
        tasks = self._recent_if_available() or []
        return next((task for task in tasks if task.status in (RUNNING, CANCELLING)), None)

    def start(self, destination_arn: str, per_second: float | None) -> StartedMoveTask:
        """Start a task."""
        rate = {} if per_second is None else {"MaxNumberOfMessagesPerSecond": int(per_second)}
        earlier = frozenset(task.started_at for task in self.recent())
        answer = self.sqs.start_message_move_task(SourceArn=self.source_arn, DestinationArn=destination_arn, **rate)
        return StartedMoveTask(answer["TaskHandle"], earlier)

    def follow(self, started: StartedMoveTask, on_progress: Callable[[int, str], None]) -> MoveTask | None:
        """Wait for a started task to end; report how many messages it has moved, and of how many.

        Returns:
            The task as SQS lists it at its end; None if SQS does not list it.
        """
        polls_without = 0
        while polls_without < MAX_POLLS_WITHOUT:
            task = started.find(self.recent())
            if task and task.status not in (RUNNING, CANCELLING):
                return task
            polls_without = 0 if task else polls_without + 1
            if task:
                on_progress(task.moved, f"of about {task.to_move:,}")
            time.sleep(POLL_SECONDS)
        return None

    def cancel(self, handle: str) -> int:
        """Cancel a running task; return about how many messages it had moved."""
        return self.sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"]

    def _recent_if_available(self) -> list[MoveTask] | None:
        try:
            return self.recent()
        except ClientError as error:
            if error.response["Error"]["Code"] in _UNAVAILABLE:
                return None
            raise


def can_use_rate(per_second: float | None) -> bool:
    """Return True if a task can have this rate: a whole number from 1 to 500."""
    return per_second is None or (per_second == int(per_second) and 1 <= per_second <= MAX_PER_SECOND)
