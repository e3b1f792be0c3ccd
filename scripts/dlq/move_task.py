"""SQS's own way back: a message move task, for a whole DLQ.

It runs inside SQS, at up to 500 messages a second, and knows no filter, no dry run and no outcome. One at a time per
queue. Our dead letters were sent to the DLQ by the function and so have no original source: the destination must be
named (Amazon SQS API Reference, StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

MAX_PER_SECOND = 500
# What SQS, or what stands in for it, says when it has no such thing, or none for this operator: then Darkroom's own way
# is the only one.
_NOT_THERE = {
    "InvalidAction",
    "UnsupportedOperation",
    "AWS.SimpleQueueService.UnsupportedOperation",
    "AccessDenied",
    "AccessDeniedException",
}


class MoveTaskStatus(StrEnum):
    """A task's status, in SQS's words."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"

    @property
    def is_over(self) -> bool:
        return self not in (MoveTaskStatus.RUNNING, MoveTaskStatus.CANCELLING)


@dataclass(frozen=True, kw_only=True)
class MoveTask:
    """The latest task of a DLQ.

    Attributes:
        handle: names it while it runs; empty after.
        status: how it is.
        moved: about how many messages it has moved.
        to_move: how many there were when it began; 0 when SQS does not say.
        failure: why it failed, in SQS's words.
    """

    handle: str
    status: MoveTaskStatus
    moved: int
    to_move: int
    failure: str

    @classmethod
    def from_answer(cls, answer: Any) -> "MoveTask":
        """Reads one of ListMessageMoveTasks' `Results`."""
        return cls(
            handle=answer.get("TaskHandle", ""),
            status=MoveTaskStatus(answer["Status"]),
            moved=answer.get("ApproximateNumberOfMessagesMoved", 0),
            to_move=answer.get("ApproximateNumberOfMessagesToMove", 0),
            failure=answer.get("FailureReason", ""),
        )

    def to_document(self) -> dict[str, Any]:
        return {"status": self.status.value, "moved": self.moved, "to_move": self.to_move, "failure": self.failure}


@dataclass(frozen=True)
class MoveTasks:
    """The message move tasks of one DLQ.

    Attributes:
        sqs: a boto3 SQS client.
        source_arn: of the DLQ.
        poll_seconds: between two looks at a running task.
        sleep: waits so many seconds.
    """

    sqs: "SQSClient"
    source_arn: str
    poll_seconds: float = 2.0
    sleep: Callable[[float], None] = time.sleep

    def are_there(self) -> bool:
        """Whether message move tasks can be used: a local stand-in may not have them, an operator not be allowed to."""
        try:
            self.latest()
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_THERE:
                return False
            raise
        return True

    def latest(self) -> MoveTask | None:
        """The most recent task; SQS allows only one to run."""
        answer = self.sqs.list_message_move_tasks(SourceArn=self.source_arn, MaxResults=1)
        return next(map(MoveTask.from_answer, answer.get("Results", [])), None)

    def start(self, destination_arn: str, per_second: float | None) -> None:
        """Starts a task; the destination is always named."""
        rate = {} if per_second is None else {"MaxNumberOfMessagesPerSecond": int(per_second)}
        self.sqs.start_message_move_task(SourceArn=self.source_arn, DestinationArn=destination_arn, **rate)

    def follow(self, on_progress: Callable[[int, int], None]) -> MoveTask | None:
        """Watches the latest task to its end; reports what is moved, and of how many."""
        while (task := self.latest()) and not task.status.is_over:
            on_progress(task.moved, task.to_move)
            self.sleep(self.poll_seconds)
        return task

    def cancel(self) -> int | None:
        """Stops the running task; answers about how many messages it had moved, None when none is running.

        What was moved stays moved.
        """
        task = self.latest()
        if task is None or task.status is not MoveTaskStatus.RUNNING:
            return None
        return self.sqs.cancel_message_move_task(TaskHandle=task.handle)["ApproximateNumberOfMessagesMoved"]


def fits(per_second: float | None) -> bool:
    """Whether a task can go at this rate: a whole number a second, 1 to 500."""
    return per_second is None or (per_second == int(per_second) and 1 <= per_second <= MAX_PER_SECOND)
