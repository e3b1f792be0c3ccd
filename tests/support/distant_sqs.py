"""SQS far away, in memory, as a boto3 client has it: every request takes time on a clock of its own.

As on AWS: random order, part-full receives, visibility timeouts that expire, a quota of messages in flight.
"""

import heapq
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from processing.failures import FailureCode
from scripts.aws import dlq_reader, move_tasks
from scripts.aws.stack_outputs import StackOutputs
from scripts.aws.stage import Stage
from scripts.dlq.redrive_plan import RedriveRequest
from scripts.dlq.selection import Selection
from tests.support.dead_letters import dead_letter

DLQ, QUEUE = "https://sqs/dlq", "https://sqs/photos"
# Long enough for other threads to have begun their requests, so that these overlap on the clock too.
_REAL_SECONDS = 0.001

Entries = Sequence[Mapping[str, Any]]


@dataclass
class StoredLetter:
    """A message in a queue; without a receipt handle it is visible."""

    message: dict[str, Any]
    handle: str = ""
    hidden_until: float = 0.0
    receives: int = 0


@dataclass
class DistantQueue:
    """The messages of one queue, by id; `visible` has the ids in no order."""

    letters: dict[str, StoredLetter] = field(default_factory=dict)
    visible: list[str] = field(default_factory=list)
    timeouts: list[tuple[float, str]] = field(default_factory=list)

    def put(self, message: dict[str, Any]) -> None:
        self.letters[message["MessageId"]] = StoredLetter(message)
        self.visible.append(message["MessageId"])

    def expire(self, now: float) -> None:
        """Make messages visible whose visibility timeout has ended."""
        while self.timeouts and self.timeouts[0][0] <= now:
            end, message_id = heapq.heappop(self.timeouts)
            letter = self.letters.get(message_id)
            if letter and letter.handle and letter.hidden_until == end:
                letter.handle = ""
                self.visible.append(message_id)

    def take(self, position: int) -> str:
        self.visible[position], self.visible[-1] = self.visible[-1], self.visible[position]
        return self.visible.pop()

    def hide(self, message_id: str, until: float) -> None:
        self.letters[message_id].hidden_until = until
        heapq.heappush(self.timeouts, (until, message_id))


@dataclass
class StoredTask:
    """A message move task.

    Attributes:
        limit: it moves no more than these, and calls itself COMPLETED.
    """

    handle: str
    source: str
    destination: str
    per_second: int
    started_at: float
    to_move: int
    limit: int
    moved: int = 0
    status: str = "RUNNING"

    def to_answer(self) -> dict[str, Any]:
        return {
            **({"TaskHandle": self.handle} if self.status == "RUNNING" else {}),
            "Status": self.status,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "StartedTimestamp": int(1000 * self.started_at),
        }


class DistantSqs:
    """An SQS client whose requests take `latency_seconds` each on its clock; concurrent requests overlap.

    Args:
        latency_seconds: of each request.
        in_flight_quota: a receive above it returns nothing.
        seed: of the random order.

    Attributes:
        has_move_tasks: if not, the operation does not exist, as on a local AWS.
        move_limit: a move task ends after so many messages.
        tasks: all move tasks, the oldest first.
    """

    def __init__(self, latency_seconds: float = 0.1, in_flight_quota: int = 120_000, seed: int = 1) -> None:
        self.now = 0.0
        self.has_move_tasks = False
        self.move_limit = 1_000_000
        self.tasks: list[StoredTask] = []
        self.calls: dict[str, int] = {}
        self.queues: dict[str, DistantQueue] = {}
        self._latency_seconds = latency_seconds
        self._in_flight_quota = in_flight_quota
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._active = 0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def receive_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803 (boto3's names)
        MaxNumberOfMessages: int,  # noqa: N803
        VisibilityTimeout: int,  # noqa: N803
        WaitTimeSeconds: int,  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        queue = self.queues[QueueUrl]

        def receive() -> dict[str, Any]:
            room = self._in_flight_quota - (len(queue.letters) - len(queue.visible))
            count = min(len(queue.visible), self._random.randint(1, MaxNumberOfMessages), room)
            return {"Messages": [self._receive_one(queue, VisibilityTimeout) for _ in range(count)]}

        answer = self._request("ReceiveMessage", receive)
        return answer if answer["Messages"] else self._request("(long polling)", receive, WaitTimeSeconds)

    def send_message_batch(self, *, QueueUrl: str, Entries: Entries) -> dict[str, Any]:  # noqa: N803
        def send(entry: Mapping[str, Any]) -> dict[str, Any]:
            message_id = f"sent-{len(self.queues[QueueUrl].letters)}"
            self.queues[QueueUrl].put({"MessageId": message_id, "Body": entry["MessageBody"]})
            return {"Id": entry["Id"], "MessageId": message_id}

        return self._batch("SendMessageBatch", Entries, send)

    def delete_message_batch(self, *, QueueUrl: str, Entries: Entries) -> dict[str, Any]:  # noqa: N803
        queue = self.queues[QueueUrl]

        def delete(entry: Mapping[str, Any]) -> dict[str, Any]:
            if letter := self._held(queue, entry["ReceiptHandle"]):
                del queue.letters[letter.message["MessageId"]]
            return {"Id": entry["Id"]}

        return self._batch("DeleteMessageBatch", Entries, delete)

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: Entries) -> dict[str, Any]:  # noqa: N803
        queue = self.queues[QueueUrl]

        def change(entry: Mapping[str, Any]) -> dict[str, Any]:
            if letter := self._held(queue, entry["ReceiptHandle"]):
                queue.hide(letter.message["MessageId"], self.now + entry["VisibilityTimeout"])
            return {"Id": entry["Id"]}

        return self._batch("ChangeMessageVisibilityBatch", Entries, change)

    def get_queue_attributes(self, *, QueueUrl: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        queue = self.queues[QueueUrl]

        def count() -> dict[str, Any]:
            visible, name = len(queue.visible), "ApproximateNumberOfMessages"
            in_flight = len(queue.letters) - visible
            numbers = {name: str(visible), f"{name}NotVisible": str(in_flight), f"{name}Delayed": "0"}
            return {"Attributes": {**numbers, "QueueArn": f"arn:{QueueUrl}", "MessageRetentionPeriod": "1209600"}}

        return self._request("GetQueueAttributes", count)

    def start_message_move_task(
        self,
        *,
        SourceArn: str,  # noqa: N803
        DestinationArn: str,  # noqa: N803
        MaxNumberOfMessagesPerSecond: int = 500,  # noqa: N803
    ) -> dict[str, Any]:
        def start() -> dict[str, Any]:
            source, number = self.queues[SourceArn.removeprefix("arn:")], len(self.tasks)
            task = StoredTask(
                handle=f"task-{number}",
                source=SourceArn,
                destination=DestinationArn,
                per_second=MaxNumberOfMessagesPerSecond,
                started_at=self.now,
                to_move=len(source.visible),
                limit=self.move_limit,
            )
            self.tasks.append(task)
            return {"TaskHandle": task.handle}

        return self._request("StartMessageMoveTask", start)

    def list_message_move_tasks(self, *, SourceArn: str, MaxResults: int) -> dict[str, Any]:  # noqa: N803
        if not self.has_move_tasks:
            error = {"Error": {"Code": "InvalidAction", "Message": "no such operation"}}
            raise ClientError(error, "ListMessageMoveTasks")  # type: ignore[arg-type]

        def count() -> dict[str, Any]:
            tasks = [task for task in self.tasks if task.source == SourceArn]
            for task in tasks:
                self._advance(task)
            return {"Results": [task.to_answer() for task in tasks[::-1][:MaxResults]]}

        return self._request("ListMessageMoveTasks", count)

    def cancel_message_move_task(self, *, TaskHandle: str) -> dict[str, Any]:  # noqa: N803
        (task,) = (task for task in self.tasks if task.handle == TaskHandle)

        def cancel() -> dict[str, Any]:
            self._advance(task)
            task.status = "CANCELLED"
            return {"ApproximateNumberOfMessagesMoved": task.moved}

        return self._request("CancelMessageMoveTask", cancel)

    def _advance(self, task: StoredTask) -> None:
        """Move what a running task has moved by now."""
        source, destination = (self.queues[arn.removeprefix("arn:")] for arn in (task.source, task.destination))
        due = min(int((self.now - task.started_at) * task.per_second), task.limit)
        while task.status == "RUNNING" and task.moved < due and source.visible:
            message_id = source.take(len(source.visible) - 1)
            destination.put(source.letters.pop(message_id).message)
            task.moved += 1
        if task.status == "RUNNING" and (task.moved == task.limit or not source.visible):
            task.status = "COMPLETED"

    def held(self, url: str) -> int:
        """Count the messages in flight now."""
        self.queues[url].expire(self.now)
        return len(self.queues[url].letters) - len(self.queues[url].visible)

    def _receive_one(self, queue: DistantQueue, timeout_seconds: int) -> dict[str, Any]:
        message_id = queue.take(self._random.randrange(len(queue.visible)))
        letter = queue.letters[message_id]
        letter.receives += 1
        letter.handle = f"{message_id}/{letter.receives}"
        queue.hide(message_id, self.now + timeout_seconds)
        attributes = {**letter.message.get("Attributes", {}), "ApproximateReceiveCount": str(letter.receives)}
        return {**letter.message, "ReceiptHandle": letter.handle, "Attributes": attributes}

    def _held(self, queue: DistantQueue, handle: str) -> StoredLetter | None:
        letter = queue.letters.get(handle.rpartition("/")[0])
        return letter if letter and letter.handle == handle else None

    def _batch(self, name: str, entries: Entries, act: Callable[[Mapping[str, Any]], dict[str, Any]]) -> dict[str, Any]:
        return self._request(name, lambda: {"Successful": [act(entry) for entry in entries]})

    def _request(self, name: str, act: Callable[[], dict[str, Any]], more_seconds: float = 0) -> dict[str, Any]:
        with self._lock:
            self._active += 1
        time.sleep(_REAL_SECONDS)
        with self._lock:
            self.calls[name] = self.calls.get(name, 0) + 1
            self.now += (self._latency_seconds + more_seconds) / self._active
            self._active -= 1
            for queue in self.queues.values():
                queue.expire(self.now)
            return act()


def distant_sqs(patch: pytest.MonkeyPatch, **arguments: Any) -> DistantSqs:
    """Make a distant SQS with a queue and a DLQ; let the reader of dead letters use its clock."""
    sqs = DistantSqs(**arguments)
    sqs.queues = {DLQ: DistantQueue(), QUEUE: DistantQueue()}
    for module in (dlq_reader, move_tasks):
        patch.setattr(module, "time", SimpleNamespace(monotonic=sqs.monotonic, sleep=sqs.sleep))
    return sqs


def distant_stage(sqs: DistantSqs) -> Stage:
    """Make a stage with this SQS and no other resource."""
    names = dict.fromkeys(StackOutputs.__annotations__, "unused")
    outputs = StackOutputs(**names | {"queue_url": QUEUE, "dead_letter_queue_url": DLQ})
    stage = Stage(name="test", outputs=outputs, session=None)  # type: ignore[arg-type]
    vars(stage)["sqs"] = sqs
    return stage


def redrive_request(journal: Path, **changes: Any) -> RedriveRequest:
    """Request all dead letters, without outcomes."""
    fields: dict[str, Any] = {
        "selection": Selection(),
        "most": None,
        "per_second": None,
        "to": QUEUE,
        "canary": 0,
        "verify": False,
        "journal": journal,
    }
    return RedriveRequest(**fields | changes)


def put_dead_letters(sqs: DistantSqs, code: FailureCode, count: int) -> set[str]:
    """Put dead letters into the DLQ; return their bodies."""
    letters = [dead_letter(f"{code}/{number}.jpg", code=code) for number in range(count)]
    for number, letter in enumerate(letters):
        body, attributes = letter["MessageBody"], letter["MessageAttributes"]
        system = {"SentTimestamp": "1700000000000", "ApproximateReceiveCount": "1"}
        message = {"MessageId": f"{code}-{number}", "Body": body, "MessageAttributes": attributes}
        sqs.queues[DLQ].put({**message, "Attributes": system})
    return {letter["MessageBody"] for letter in letters}
