"""SQS's message move task, which redrives a whole DLQ inside SQS.

At up to 500 messages a second, one task per queue, without filter, dry run or outcomes. The function sends dead letters
to the DLQ itself, so they have no original source and the destination must be named (Amazon SQS API Reference,
StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask).
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

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
    """

    status: str
    moved: int
    to_move: int
    failure: str

    def to_document(self) -> dict[str, Any]:
        return asdict(self)


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
        answer = self._latest()
        if answer is None:
            return None
        return MoveTask(
            status=answer["Status"],
            moved=answer.get("ApproximateNumberOfMessagesMoved", 0),
            to_move=answer.get("ApproximateNumberOfMessagesToMove", 0),
            failure=answer.get("FailureReason", ""),
        )

    def start(self, destination_arn: str, per_second: float | None) -> None:
        """Start a task."""
        rate = {} if per_second is None else {"MaxNumberOfMessagesPerSecond": int(per_second)}
        self.sqs.start_message_move_task(SourceArn=self.source_arn, DestinationArn=destination_arn, **rate)

    def follow(self, on_progress: Callable[[int, int], None]) -> MoveTask | None:
        """Wait for the latest task to end; report how many messages it has moved, and of how many."""
        while (task := self.latest()) and task.status in (RUNNING, CANCELLING):
            on_progress(task.moved, task.to_move)
            self.sleep(self.poll_seconds)
        return task

    def cancel(self) -> int | None:
        """Cancel the running task; return about how many messages it had moved, None if none is running."""
        answer = self._latest()
        if answer is None or answer["Status"] != RUNNING:
            return None
        return self.sqs.cancel_message_move_task(TaskHandle=answer["TaskHandle"])["ApproximateNumberOfMessagesMoved"]

    def _latest(self) -> Any:
        answer = self.sqs.list_message_move_tasks(SourceArn=self.source_arn, MaxResults=1)
        return next(iter(answer.get("Results", [])), None)


def can_use_rate(per_second: float | None) -> bool:
    """Return True if a task can have this rate: a whole number from 1 to 500."""
    return per_second is None or (per_second == int(per_second) and 1 <= per_second <= MAX_PER_SECOND)
