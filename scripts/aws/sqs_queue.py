"""One SQS queue, in batches, with every entry's own success or failure looked at."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from scripts.aws.sqs_message import MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, Message

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

# botocore retries whole calls; a single entry that SQS throttled inside a call that went well is ours to retry.
ENTRY_ATTEMPTS = 5
ENTRY_BACKOFF_SECONDS = 0.2


class Sized(Protocol):
    """Something that takes room in a batch."""

    @property
    def size_bytes(self) -> int: ...


T = TypeVar("T")
S = TypeVar("S", bound=Sized)


@dataclass(frozen=True)
class Depth:
    """How many messages a queue holds; SQS's figures are approximate and a minute late."""

    visible: int
    in_flight: int
    delayed: int

    @property
    def all(self) -> int:
        return self.visible + self.in_flight + self.delayed


@dataclass
class BatchOutcome:
    """What became of the entries of a batch, by their position in it.

    Attributes:
        done: SQS's answer to each entry that went well.
        failed: SQS's error code for each that did not.
    """

    done: dict[int, Any] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)


class _BatchCall(Protocol):
    def __call__(self, *, QueueUrl: str, Entries: Sequence[Any]) -> Any: ...  # noqa: N803 (boto3's own names)


@dataclass(frozen=True)
class Queue:
    """A queue and the client that reaches it."""

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

    def depth(self) -> Depth:
        names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
        attributes = self._attributes(*names)
        return Depth(*(int(attributes[name]) for name in names))

    def receive(self, *, hold_seconds: int, wait_seconds: int, most: int = MAX_BATCH_ENTRIES) -> list[Message]:
        """Receives a few messages, whole; they stay hidden for `hold_seconds` unless deleted or shown again."""
        answer = self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=most,
            VisibilityTimeout=hold_seconds,
            WaitTimeSeconds=wait_seconds,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        return [Message.from_answer(message) for message in answer.get("Messages", [])]

    def send(self, messages: Sequence[Message]) -> BatchOutcome:
        """Sends at most one batch; `done` holds each message's new id."""
        outcome = in_batch(self.sqs.send_message_batch, self.url, [message.sending() for message in messages])
        outcome.done = {position: answer["MessageId"] for position, answer in outcome.done.items()}
        return outcome

    def delete(self, receipt_handles: Sequence[str]) -> BatchOutcome:
        """Deletes at most one batch."""
        entries = [{"ReceiptHandle": handle} for handle in receipt_handles]
        return in_batch(self.sqs.delete_message_batch, self.url, entries)

    def show(self, receipt_handles: Iterable[str]) -> None:
        """Makes received messages visible again at once; one whose hold has run out is visible anyway."""
        for chunk in chunks(receipt_handles, MAX_BATCH_ENTRIES):
            entries = [{"ReceiptHandle": handle, "VisibilityTimeout": 0} for handle in chunk]
            in_batch(self.sqs.change_message_visibility_batch, self.url, entries)

    def _attributes(self, *names: Any) -> dict[str, str]:
        answer = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=list(names))
        return dict(answer["Attributes"])  # type: ignore[arg-type]


def in_batch(
    call: _BatchCall, url: str, entries: Sequence[dict[str, Any]], sleep: Callable[[float], None] = time.sleep
) -> BatchOutcome:
    """Makes a batch call and retries those entries that failed through no fault of their own.

    The entries get their positions as ids: anything else may be refused or not be unique.
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
    silent = set(range(len(entries))) - set(outcome.done) - set(outcome.failed)
    outcome.failed |= dict.fromkeys(silent, "NoAnswer")
    return outcome


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cuts items into lists of at most `size`."""
    chunk: list[T] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def batches(items: Iterable[S]) -> Iterator[list[S]]:
    """Cuts messages into batches that SQS takes: at most ten, at most 256 KiB together; a larger one goes alone."""
    batch: list[S] = []
    size_bytes = 0
    for item in items:
        if batch and (len(batch) == MAX_BATCH_ENTRIES or size_bytes + item.size_bytes > MAX_BATCH_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append(item)
        size_bytes += item.size_bytes
    if batch:
        yield batch
