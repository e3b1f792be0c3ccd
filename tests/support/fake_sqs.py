"""SQS in memory, on a clock that the test advances: visibility, receive counts, redrive policy."""

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.fake_s3 import Hook, nothing_happens

_NUMBERS = itertools.count(1)


@dataclass
class Held:
    """A message in a queue."""

    body: str
    attributes: dict[str, str] = field(default_factory=dict)
    message_id: str = field(default_factory=lambda: f"message-{next(_NUMBERS)}")
    receipt_handle: str = ""
    receive_count: int = 0
    visible_at: float = 0.0
    first_received: float | None = None


class FakeSqs:
    """A queue and its dead-letter queue, with the operations that Darkroom uses, as a boto3 client has them.

    Args:
        queue_url: the queue.
        dead_letter_queue_url: where messages go that were received too often.
        visibility_seconds: the queue's visibility timeout.
        max_receive_count: the queue's.
        before: called before an operation takes effect.
        after: called after it took effect, before the answer arrives.
    """

    def __init__(
        self,
        queue_url: str,
        dead_letter_queue_url: str,
        *,
        visibility_seconds: float = 725,
        max_receive_count: int = 5,
        before: Hook = nothing_happens,
        after: Hook = nothing_happens,
    ) -> None:
        self.now = 0.0
        self.before = before
        self.after = after
        self._visibility_seconds = visibility_seconds
        self._max_receive_count = max_receive_count
        self._queues: dict[str, list[Held]] = {queue_url: [], dead_letter_queue_url: []}
        self._queue_url = queue_url
        self._dead_letter_queue_url = dead_letter_queue_url
        self._lock = threading.Lock()

    @property
    def waiting(self) -> list[Held]:
        """The messages in the queue, in flight or not."""
        return self._queues[self._queue_url]

    @property
    def dead_letters(self) -> list[Held]:
        return self._queues[self._dead_letter_queue_url]

    def receive(self, most: int) -> list[Held]:
        """Receive messages; those that were received too often move to the DLQ."""
        with self._lock:
            received = []
            for message in [m for m in self.waiting if m.visible_at <= self.now][:most]:
                if message.receive_count == self._max_receive_count:
                    self.waiting.remove(message)
                    self.dead_letters.append(message)
                    continue
                message.receive_count += 1
                if message.first_received is None:
                    message.first_received = self.now
                message.receipt_handle = f"{message.message_id}/{message.receive_count}"
                message.visible_at = self.now + self._visibility_seconds
                received.append(message)
            return received

    def acknowledge(self, message_ids: Sequence[str]) -> None:
        """Delete messages, as the event source mapping does with those that are done."""
        with self._lock:
            self.waiting[:] = [m for m in self.waiting if m.message_id not in message_ids]

    def let_time_pass(self) -> None:
        """Advance the clock until the next message becomes visible."""
        self.now = max(self.now, min(message.visible_at for message in self.waiting))

    def send_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803 (boto3's names)
        MessageBody: str,  # noqa: N803
        MessageAttributes: dict[str, Any] | None = None,  # noqa: N803
    ) -> None:
        self.before("SendMessage", MessageBody)
        attributes = {name: value["StringValue"] for name, value in (MessageAttributes or {}).items()}
        with self._lock:
            self._queues[QueueUrl].append(Held(MessageBody, attributes, visible_at=self.now))
        self.after("SendMessage", MessageBody)

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803
        self.before("DeleteMessage", ReceiptHandle)
        with self._lock:
            queue = self._queues[QueueUrl]
            queue[:] = [message for message in queue if message.receipt_handle != ReceiptHandle]
        self.after("DeleteMessage", ReceiptHandle)

    def change_message_visibility(
        self,
        *,
        QueueUrl: str,  # noqa: N803 (boto3's names)
        ReceiptHandle: str,  # noqa: N803
        VisibilityTimeout: int,  # noqa: N803
    ) -> None:
        self.before("ChangeMessageVisibility", ReceiptHandle)
        with self._lock:
            for message in self._queues[QueueUrl]:
                if message.receipt_handle == ReceiptHandle:
                    message.visible_at = self.now + VisibilityTimeout
        self.after("ChangeMessageVisibility", ReceiptHandle)
