"""An SQS queue: receive, send, delete and release in batches, with the result of each entry."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from scripts.aws.sqs_message import MAX_BATCH_ENTRIES, StoredMessage

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

# botocore retries whole calls only, not single entries that SQS throttled.
ENTRY_ATTEMPTS = 5
ENTRY_BACKOFF_SECONDS = 0.2


@dataclass(frozen=True)
class Depth:
    """The number of messages in a queue, approximate and up to a minute late."""

    visible: int
    in_flight: int
    delayed: int

    @property
    def all(self) -> int:
        return self.visible + self.in_flight + self.delayed


@dataclass
class BatchOutcome:
    """The results of a batch call, by each entry's position.

    Attributes:
        done: SQS's answer to each entry that succeeded.
        failed: SQS's error code for each that failed.
    """

    done: dict[int, Any] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SqsQueue:
    """A queue and its boto3 client."""

    sqs: "SQSClient"
    url: str

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]

    @cached_property
    def arn(self) -> str:
        return self._attributes("QueueArn")["QueueArn"]

    @property
    def retention_seconds(self) -> int:
        return int(self._attributes("MessageRetentionPeriod")["MessageRetentionPeriod"])

    @property
    def created_at(self) -> int:
        """Seconds since 1970."""
        return int(self._attributes("CreatedTimestamp")["CreatedTimestamp"])

    def depth(self) -> Depth:
        names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
        attributes = self._attributes(*names)
        return Depth(*(int(attributes[name]) for name in names))

    def receive(self, *, visibility_timeout_seconds: int, wait_seconds: int) -> list[StoredMessage]:
        """Receive at most one batch, with all attributes."""
        answer = self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=MAX_BATCH_ENTRIES,
            VisibilityTimeout=visibility_timeout_seconds,
            WaitTimeSeconds=wait_seconds,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        return [StoredMessage.from_answer(message) for message in answer.get("Messages", [])]

    def send(self, messages: Sequence[StoredMessage]) -> BatchOutcome:
        """Send at most one batch; `done` has the new message ids."""
        outcome = call_in_batch(self.sqs.send_message_batch, self.url, [m.send_arguments() for m in messages])
        outcome.done = {position: answer["MessageId"] for position, answer in outcome.done.items()}
        return outcome

    def delete(self, receipt_handles: Sequence[str]) -> BatchOutcome:
        """Delete at most one batch."""
        entries = [{"ReceiptHandle": handle} for handle in receipt_handles]
        return call_in_batch(self.sqs.delete_message_batch, self.url, entries)

    def change_visibility(self, receipt_handles: Sequence[str], seconds: int) -> None:
        """Let at most one batch of received messages stay hidden so many seconds from now; 0 releases them."""
        entries = [{"ReceiptHandle": handle, "VisibilityTimeout": seconds} for handle in receipt_handles]
        call_in_batch(self.sqs.change_message_visibility_batch, self.url, entries)

    def _attributes(self, *names: Any) -> dict[str, str]:
        answer = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=list(names))
        return dict(answer["Attributes"])  # type: ignore[arg-type]


def call_in_batch(
    call: Callable[..., Any], url: str, entries: Sequence[dict[str, Any]], sleep: Callable[[float], None] = time.sleep
) -> BatchOutcome:
    """Make a batch call; retry entries that failed without SenderFault.

    Entry ids are the positions: they are unique and always valid.
    """
    outcome, waiting = BatchOutcome(), dict(enumerate(entries))
    for attempt in range(ENTRY_ATTEMPTS):
        if not waiting:
            break
        if attempt:
            sleep(ENTRY_BACKOFF_SECONDS * 2**attempt)
        answer = call(QueueUrl=url, Entries=[{"Id": str(position), **entry} for position, entry in waiting.items()])
        for done in answer.get("Successful", []):
            outcome.done[int(done["Id"])] = done
            outcome.failed.pop(int(done["Id"]), None)
        failed = answer.get("Failed", [])
        outcome.failed |= {int(failure["Id"]): failure["Code"] for failure in failed}
        waiting = {int(f["Id"]): entries[int(f["Id"])] for f in failed if not f["SenderFault"]}
    unanswered = set(range(len(entries))) - set(outcome.done) - set(outcome.failed)
    outcome.failed |= dict.fromkeys(unanswered, "NoAnswer")
    return outcome
