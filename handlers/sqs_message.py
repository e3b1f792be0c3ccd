"""SQS messages as the event source mapping hands them to the function."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Message:
    """One received SQS message.

    Attributes:
        message_id: what `batchItemFailures` must name.
        receipt_handle: what changes of visibility must name.
        body: the S3 notification, unparsed.
        receive_count: attempts so far, this one included.
        first_sent: when it entered the queue, ISO 8601; empty when unknown.
        first_received_at: when it was first received, in seconds of the epoch; 0 when unknown.
    """

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    first_sent: str
    first_received_at: float = 0.0

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Message":
        """Reads one element of the Lambda event's `Records` (AWS Lambda Developer Guide, "Using Lambda with SQS")."""
        attributes = record.get("attributes", {})
        return cls(
            message_id=record["messageId"],
            receipt_handle=record.get("receiptHandle", ""),
            body=record.get("body", ""),
            receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
            first_sent=_iso(attributes.get("SentTimestamp", "")),
            first_received_at=int(attributes.get("ApproximateFirstReceiveTimestamp", 0)) / 1000,
        )

    def is_suspect(self, *, now: float, timeout_seconds: float) -> bool:
        """Whether an earlier invocation may have died with this message.

        A death leaves a message hidden for the queue's visibility timeout, which AWS does not let be shorter than the
        function's timeout. So what is back sooner was given back on purpose: deferred, or to be retried.

        Args:
            now: in seconds of the epoch.
            timeout_seconds: the function's timeout, or somewhat less.
        """
        return self.receive_count > 1 and not 0 <= now - self.first_received_at < timeout_seconds


def _iso(epoch_milliseconds: str) -> str:
    if not epoch_milliseconds:
        return ""
    return datetime.fromtimestamp(int(epoch_milliseconds) / 1000, UTC).isoformat(timespec="seconds")
