"""Parses the Lambda event into SQS messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from processing.failures import PermanentError
from processing.s3_events import S3Record, parse_records


class NotAnSqsEventError(ValueError):
    """The Lambda event is not a batch of SQS messages."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A received SQS message.

    Attributes:
        message_id: the `itemIdentifier` in `batchItemFailures`.
        records: the S3 records in the body.
        malformed: the failure of a body that is not an S3 notification of the input bucket; then there are no records.
        receive_count: attempts so far, this one included.
        first_sent: when it entered the queue, ISO 8601; empty when unknown.
        first_received_at: when it was first received, in seconds of the epoch; 0 when unknown.
    """

    message_id: str
    receipt_handle: str = ""
    body: str = ""
    records: tuple[S3Record, ...] = ()
    malformed: PermanentError | None = None
    receive_count: int = 1
    first_sent: str = ""
    first_received_at: float = 0.0

    @classmethod
    def from_record(cls, record: Mapping[str, Any], input_bucket: str) -> "Message":
        """Parse one element of the event's `Records` (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS")."""
        attributes = record.get("attributes", {})
        body = record.get("body", "")
        records, malformed = _parse_body(body, input_bucket)
        return cls(
            message_id=record["messageId"],
            receipt_handle=record.get("receiptHandle", ""),
            body=body,
            records=records,
            malformed=malformed,
            receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
            first_sent=_iso(attributes.get("SentTimestamp", "")),
            first_received_at=int(attributes.get("ApproximateFirstReceiveTimestamp", 0)) / 1000,
        )

    def may_have_crashed(self, *, now: float, timeout_seconds: float) -> bool:
        """Return True when an earlier invocation may have crashed while it held this message.

        A crash leaves the message hidden for the queue's visibility timeout, which AWS does not allow to be shorter
        than the function's timeout. A message that returns sooner was deferred or is retried.

        Args:
            now: in seconds of the epoch.
            timeout_seconds: the function's timeout, or somewhat less.
        """
        return self.receive_count > 1 and not 0 <= now - self.first_received_at < timeout_seconds


def read_messages(event: Mapping[str, Any], input_bucket: str) -> list[Message]:
    """Parse the messages of a Lambda event.

    Args:
        event: `{"Records": [...]}` as the event source mapping sends it.
        input_bucket: the only bucket that a message may name.

    Raises:
        NotAnSqsEventError: the event has another shape; an empty response to it would look like success.
    """
    try:
        return [Message.from_record(record, input_bucket) for record in event["Records"]]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise NotAnSqsEventError(f"not a batch of SQS messages: {type(error).__name__}: {error}") from error


def _parse_body(body: str, input_bucket: str) -> tuple[tuple[S3Record, ...], PermanentError | None]:
    try:
        return parse_records(body, input_bucket), None
    except PermanentError as malformed:
        return (), malformed


def _iso(epoch_milliseconds: str) -> str:
    if not epoch_milliseconds:
        return ""
    return datetime.fromtimestamp(int(epoch_milliseconds) / 1000, UTC).isoformat(timespec="seconds")
