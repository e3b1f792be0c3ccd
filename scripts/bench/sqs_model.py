"""An SQS in memory that is as unhelpful as the real one, for the benchmark's server and for tests.

Random order, part-full receives, visibility timeouts that expire, a quota of messages in flight above which a receive
returns nothing and no error. The clock is the caller's.
"""

import heapq
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

IN_FLIGHT_QUOTA = 120_000  # of the real SQS

Arguments = Mapping[str, Any]
Answer = dict[str, Any]


class NoSuchOperationError(Exception):
    """The service does not have the operation."""


@dataclass
class ModelMessage:
    """A message in a queue; without a receipt handle it is visible."""

    message: dict[str, Any]
    handle: str = ""
    hidden_until: float = 0.0
    receives: int = 0


@dataclass
class ModelQueue:
    """The messages of one queue, by id; `visible` has the ids in no order."""

    letters: dict[str, ModelMessage] = field(default_factory=dict)
    visible: list[str] = field(default_factory=list)
    timeouts: list[tuple[float, str]] = field(default_factory=list)

    @property
    def in_flight(self) -> int:
        return len(self.letters) - len(self.visible)

    def put(self, message: dict[str, Any]) -> None:
        self.letters[message["MessageId"]] = ModelMessage(message)
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

    def held(self, handle: str) -> ModelMessage | None:
        letter = self.letters.get(handle.rpartition("/")[0])
        return letter if letter and letter.handle == handle else None


class SqsModel:
    """An SQS whose operations take the arguments of boto3 and return its answers.

    Args:
        clock: returns the seconds by which timeouts end.
        in_flight_quota: a receive above it returns nothing.
        seed: of the random order.

    Attributes:
        queues: by URL; a queue's ARN is its URL after `arn:`.
    """

    def __init__(self, clock: Callable[[], float], in_flight_quota: int = IN_FLIGHT_QUOTA, seed: int = 1) -> None:
        self.queues: dict[str, ModelQueue] = {}
        self._clock = clock
        self._in_flight_quota = in_flight_quota
        self._random = random.Random(seed)  # noqa: S311 (no secret)
        self._operations = {
            "ReceiveMessage": self._receive,
            "SendMessageBatch": self._send,
            "DeleteMessageBatch": self._delete,
            "ChangeMessageVisibilityBatch": self._change_visibility,
            "GetQueueAttributes": self._attributes,
        }

    def call(self, operation: str, arguments: Arguments) -> Answer:
        """Carry an operation out at once; a receive does not wait.

        Raises:
            NoSuchOperationError: this SQS does not have it.
        """
        if operation not in self._operations:
            raise NoSuchOperationError(operation)
        for queue in self.queues.values():
            queue.expire(self._clock())
        return self._operations[operation](arguments)

    def held(self, url: str) -> int:
        """Count the messages in flight now."""
        self.queues[url].expire(self._clock())
        return self.queues[url].in_flight

    def _receive(self, arguments: Arguments) -> Answer:
        queue = self.queues[arguments["QueueUrl"]]
        most = self._random.randint(1, arguments["MaxNumberOfMessages"])
        count = min(len(queue.visible), most, self._in_flight_quota - queue.in_flight)
        messages = [self._receive_one(queue, arguments["VisibilityTimeout"]) for _ in range(count)]
        return {"Messages": messages} if messages else {}

    def _receive_one(self, queue: ModelQueue, timeout_seconds: int) -> dict[str, Any]:
        message_id = queue.take(self._random.randrange(len(queue.visible)))
        letter = queue.letters[message_id]
        letter.receives += 1
        letter.handle = f"{message_id}/{letter.receives}"
        queue.hide(message_id, self._clock() + timeout_seconds)
        attributes = {**letter.message.get("Attributes", {}), "ApproximateReceiveCount": str(letter.receives)}
        return {**letter.message, "ReceiptHandle": letter.handle, "Attributes": attributes}

    def _send(self, arguments: Arguments) -> Answer:
        queue, done = self.queues[arguments["QueueUrl"]], []
        for entry in arguments["Entries"]:
            message_id = str(UUID(int=self._random.getrandbits(128)))
            attributes = entry.get("MessageAttributes", {})
            queue.put({"MessageId": message_id, "Body": entry["MessageBody"], "MessageAttributes": attributes})
            done.append({"Id": entry["Id"], "MessageId": message_id})
        return {"Successful": done}

    def _delete(self, arguments: Arguments) -> Answer:
        queue = self.queues[arguments["QueueUrl"]]
        for entry in arguments["Entries"]:
            if letter := queue.held(entry["ReceiptHandle"]):
                del queue.letters[letter.message["MessageId"]]
        return {"Successful": [{"Id": entry["Id"]} for entry in arguments["Entries"]]}

    def _change_visibility(self, arguments: Arguments) -> Answer:
        queue, now = self.queues[arguments["QueueUrl"]], self._clock()
        for entry in arguments["Entries"]:
            if letter := queue.held(entry["ReceiptHandle"]):
                queue.hide(letter.message["MessageId"], now + entry["VisibilityTimeout"])
        queue.expire(now)
        return {"Successful": [{"Id": entry["Id"]} for entry in arguments["Entries"]]}

    def _attributes(self, arguments: Arguments) -> Answer:
        url, name = arguments["QueueUrl"], "ApproximateNumberOfMessages"
        queue = self.queues[url]
        numbers = {name: len(queue.visible), f"{name}NotVisible": queue.in_flight, f"{name}Delayed": 0}
        texts = {key: str(number) for key, number in numbers.items()}
        return {"Attributes": {**texts, "QueueArn": f"arn:{url}", "MessageRetentionPeriod": "1209600"}}
