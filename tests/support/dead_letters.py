"""Dead letters for tests, as the function sends them and as SQS returns them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from processing.dead_letter_attributes import reason_attributes
from processing.failures import FailureCode, PermanentError
from processing.outcomes import SourceObject
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.sqs_message import StoredMessage
from tests.support.events import s3_body

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def dead_letter(
    key: str, *, code: FailureCode = FailureCode.ACCESS_DENIED, bucket: str = "photos", etag: str = "e1", **fields: Any
) -> dict[str, Any]:
    """Make a dead letter as SendMessage's arguments without the queue."""
    reason = reason_attributes(
        PermanentError(code, fields.get("detail", "as a test has it")),
        SourceObject(bucket=bucket, key=key, etag=etag),
        attempts=fields.get("attempts", 1),
        first_seen=fields.get("first_seen", "2026-11-23T08:00:00+00:00"),
        request_id=fields.get("request_id", "request-1"),
        message_id=fields.get("message_id", str(uuid4())),
    )
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in reason.items()}
    return {"MessageBody": fields.get("body", s3_body(key, bucket=bucket, etag=etag)), "MessageAttributes": attributes}


def received(
    letter_id: str,
    key: str = "a.jpg",
    *,
    age: timedelta = timedelta(hours=1),
    moved_by_sqs: bool = False,
    **fields: Any,
) -> DeadLetter:
    """Make a dead letter as received, sent `age` before `NOW`."""
    sent = dead_letter(key, **fields)
    system = {"SentTimestamp": str(int((NOW - age).timestamp() * 1000)), "ApproximateReceiveCount": "2"}
    if moved_by_sqs:
        system["DeadLetterQueueSourceArn"] = "arn:aws:sqs:eu-west-1:123456789012:darkroom-prod-photos"
    answer = {"MessageId": letter_id, "ReceiptHandle": f"handle-{letter_id}", "Attributes": system}
    body, attributes = sent["MessageBody"], sent["MessageAttributes"]
    return DeadLetter(StoredMessage.from_answer({**answer, "Body": body, "MessageAttributes": attributes}))
