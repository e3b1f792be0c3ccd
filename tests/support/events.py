"""Makes events as AWS sends them."""

import json
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote_plus
from uuid import uuid4


def s3_record(
    key: str, *, bucket: str = "photos", size: int = 1000, etag: str = "e1", sequencer: str = "01", version_id: str = ""
) -> dict[str, Any]:
    """Return one S3 record of an event notification (Amazon S3 User Guide, "Event message structure")."""
    s3_object: dict[str, Any] = {"key": quote_plus(key), "size": size, "eTag": etag, "sequencer": sequencer}
    if version_id:
        s3_object["versionId"] = version_id
    return {
        "eventVersion": "2.3",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": bucket}, "object": s3_object},
    }


def s3_body(*keys: str, **fields: Any) -> str:
    """Return the body of an SQS message that names these keys."""
    return json.dumps({"Records": [s3_record(key, **fields) for key in keys]})


def sqs_record(body: str, *, receive_count: int = 1, message_id: str = "") -> dict[str, Any]:
    """Return one message as the event source mapping passes it to the function."""
    return {
        "messageId": message_id or str(uuid4()),
        "receiptHandle": "handle",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receive_count), "SentTimestamp": "1795000000000"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:photos",
        "awsRegion": "eu-west-1",
    }


def lambda_context(seconds_left: float = 60) -> Any:
    """Return the context that Lambda passes with an event."""
    return SimpleNamespace(
        function_name="process",
        memory_limit_in_mb=1769,
        invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:process",
        aws_request_id="request-1",
        get_remaining_time_in_millis=lambda: int(seconds_left * 1000),
    )
