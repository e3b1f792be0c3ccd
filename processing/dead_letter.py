"""The reason of a dead letter, as SQS message attributes: exactly the ten that SQS allows."""

import re

from processing.failures import FailureCode

FAILURE_CODE = "failure-code"
FAILURE_FAMILY = "failure-family"
FAILURE_DETAIL = "failure-detail"
SOURCE_BUCKET = "source-bucket"
SOURCE_KEY = "source-key"
SOURCE_ETAG = "source-etag"
ATTEMPTS = "attempts"
FIRST_SEEN = "first-seen"
REQUEST_ID = "request-id"
MESSAGE_ID = "message-id"

MAX_VALUE_CHARACTERS = 1024
# Amazon SQS API Reference, SendMessage: all other characters are refused.
_NOT_ALLOWED = re.compile("[^\u0009\u000a\u000d\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def reason_attributes(
    *,
    code: FailureCode,
    detail: str,
    bucket: str,
    key: str,
    etag: str,
    attempts: int,
    first_seen: str,
    request_id: str,
    message_id: str,
) -> dict[str, str]:
    """Return the reason as attribute names and values, without unknown ones: SQS refuses empty values.

    Args:
        code: the failure code.
        detail: one line, for people.
        bucket: the source's bucket, empty for a malformed message.
        key: the source's key, decoded; characters that SQS refuses become U+FFFD (the body has them encoded).
        etag: the source's eTag.
        attempts: how often the message was received.
        first_seen: when the message was first sent, ISO 8601.
        request_id: the Lambda request that sent it to the DLQ, to find it in the logs.
        message_id: the SQS message id it had in the source queue; a dead letter gets a new one.
    """
    values = {
        FAILURE_CODE: code.value,
        FAILURE_FAMILY: code.family.value,
        FAILURE_DETAIL: detail,
        SOURCE_BUCKET: bucket,
        SOURCE_KEY: key,
        SOURCE_ETAG: etag,
        ATTEMPTS: str(attempts),
        FIRST_SEEN: first_seen,
        REQUEST_ID: request_id,
        MESSAGE_ID: message_id,
    }
    return {name: _allowed(value) for name, value in values.items() if value}


def _allowed(value: str) -> str:
    return _NOT_ALLOWED.sub("\ufffd", value)[:MAX_VALUE_CHARACTERS]
