"""SQS far away, in memory, as a boto3 client has it: every request takes time on a clock of its own.

As on AWS: random order, part-full receives, visibility timeouts that expire, a quota of messages in flight.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from processing.failures import FailureCode
from scripts.aws import dlq_reader, move_tasks
from scripts.aws.stack_outputs import StackOutputs
from scripts.aws.stage import Stage
from scripts.bench.sqs_model import ModelQueue, NoSuchOperationError
from scripts.dlq.redrive_plan import RedriveRequest
from scripts.dlq.selection import Selection
from tests.support.dead_letters import dead_letter
from tests.support.move_task_model import SqsModelWithMoveTasks

DLQ, QUEUE = "https://sqs/dlq", "https://sqs/photos"
# Long enough for other threads to have begun their requests, so that these overlap on the clock too.
_REAL_SECONDS = 0.001


class DistantSqs(SqsModelWithMoveTasks):
    """An SQS client whose requests take `latency_seconds` each on its clock; concurrent requests overlap.

    Attributes:
        now: its clock.
        calls: how often each operation was called.
    """

    def __init__(self, latency_seconds: float = 0.1, **arguments: Any) -> None:
        super().__init__(self.monotonic, **arguments)
        self.now = 0.0
        self.calls: dict[str, int] = {}
        self._latency_seconds = latency_seconds
        self._lock = threading.Lock()
        self._active = 0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def receive_message(self, *, WaitTimeSeconds: int, **arguments: Any) -> dict[str, Any]:  # noqa: N803 (boto3's name)
        answer = self._call("ReceiveMessage", arguments)
        return answer or self._request(
            "(long polling)", lambda: self.call("ReceiveMessage", arguments), WaitTimeSeconds
        )

    def send_message_batch(self, **arguments: Any) -> dict[str, Any]:
        return self._call("SendMessageBatch", arguments)

    def delete_message_batch(self, **arguments: Any) -> dict[str, Any]:
        return self._call("DeleteMessageBatch", arguments)

    def change_message_visibility_batch(self, **arguments: Any) -> dict[str, Any]:
        return self._call("ChangeMessageVisibilityBatch", arguments)

    def get_queue_attributes(self, **arguments: Any) -> dict[str, Any]:
        return self._call("GetQueueAttributes", arguments)

    def start_message_move_task(self, **arguments: Any) -> dict[str, Any]:
        return self._call("StartMessageMoveTask", arguments)

    def list_message_move_tasks(self, **arguments: Any) -> dict[str, Any]:
        return self._call("ListMessageMoveTasks", arguments)

    def cancel_message_move_task(self, **arguments: Any) -> dict[str, Any]:
        return self._call("CancelMessageMoveTask", arguments)

    def _call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._request(name, lambda: self.call(name, arguments))
        except NoSuchOperationError:
            error = {"Error": {"Code": "InvalidAction", "Message": "no such operation"}}
            raise ClientError(error, name) from None  # type: ignore[arg-type]

    def _request(self, name: str, act: Callable[[], dict[str, Any]], more_seconds: float = 0) -> dict[str, Any]:
        with self._lock:
            self._active += 1
        time.sleep(_REAL_SECONDS)
        with self._lock:
            self.calls[name] = self.calls.get(name, 0) + 1
            self.now += (self._latency_seconds + more_seconds) / self._active
            self._active -= 1
            return act()


def distant_sqs(patch: pytest.MonkeyPatch, **arguments: Any) -> DistantSqs:
    """Make a distant SQS with a queue and a DLQ; let the reader of dead letters use its clock."""
    sqs = DistantSqs(**arguments)
    sqs.queues = {DLQ: ModelQueue(), QUEUE: ModelQueue()}
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
