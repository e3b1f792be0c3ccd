"""The model of SQS with message move tasks, which the benchmark's server has no use for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scripts.bench.sqs_model import Answer, Arguments, ModelQueue, NoSuchOperationError, SqsModel


@dataclass
class ModelMoveTask:
    """A message move task; it moves no more than `limit` and then calls itself COMPLETED."""

    handle: str
    source: str
    destination: str
    per_second: int
    started_at: float
    to_move: int
    limit: int
    moved: int = 0
    status: str = "RUNNING"

    def to_answer(self) -> Answer:
        return {
            **({"TaskHandle": self.handle} if self.status == "RUNNING" else {}),
            "Status": self.status,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "StartedTimestamp": int(1000 * self.started_at),
        }


class SqsModelWithMoveTasks(SqsModel):
    """The model of SQS, and its message move tasks.

    Attributes:
        has_move_tasks: if not, the operations do not exist, as on a local AWS.
        move_limit: a move task ends after so many messages.
        tasks: all move tasks, the oldest first.
    """

    def __init__(self, clock: Callable[[], float], **arguments: Any) -> None:
        super().__init__(clock, **arguments)
        self.has_move_tasks = False
        self.move_limit = 1_000_000
        self.tasks: list[ModelMoveTask] = []
        self._task_operations = {
            "StartMessageMoveTask": self._start_task,
            "ListMessageMoveTasks": self._list_tasks,
            "CancelMessageMoveTask": self._cancel_task,
        }
        self._operations |= self._task_operations

    def call(self, operation: str, arguments: Arguments) -> Answer:
        if operation in self._task_operations and not self.has_move_tasks:
            raise NoSuchOperationError(operation)
        return super().call(operation, arguments)

    def _start_task(self, arguments: Arguments) -> Answer:
        source = arguments["SourceArn"]
        task = ModelMoveTask(
            handle=f"task-{len(self.tasks)}",
            source=source,
            destination=arguments["DestinationArn"],
            per_second=arguments.get("MaxNumberOfMessagesPerSecond", 500),
            started_at=self._clock(),
            to_move=len(self._queue_of(source).visible),
            limit=self.move_limit,
        )
        self.tasks.append(task)
        return {"TaskHandle": task.handle}

    def _list_tasks(self, arguments: Arguments) -> Answer:
        tasks = [task for task in self.tasks if task.source == arguments["SourceArn"]]
        for task in tasks:
            self._advance(task)
        return {"Results": [task.to_answer() for task in tasks[::-1][: arguments["MaxResults"]]]}

    def _cancel_task(self, arguments: Arguments) -> Answer:
        (task,) = (task for task in self.tasks if task.handle == arguments["TaskHandle"])
        self._advance(task)
        task.status = "CANCELLED"
        return {"ApproximateNumberOfMessagesMoved": task.moved}

    def _advance(self, task: ModelMoveTask) -> None:
        """Move what a running task has moved by now."""
        source, destination = self._queue_of(task.source), self._queue_of(task.destination)
        due = min(int((self._clock() - task.started_at) * task.per_second), task.limit)
        while task.status == "RUNNING" and task.moved < due and source.visible:
            message_id = source.take(len(source.visible) - 1)
            destination.put(source.letters.pop(message_id).message)
            task.moved += 1
        if task.status == "RUNNING" and (task.moved == task.limit or not source.visible):
            task.status = "COMPLETED"

    def _queue_of(self, arn: str) -> ModelQueue:
        return self.queues[arn.removeprefix("arn:")]
