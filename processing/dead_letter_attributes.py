"""The reason of a dead letter, as SQS message attributes: exactly the ten that SQS allows."""

import re

from processing.failures import DarkroomError
from processing.outcomes import SourceObject

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
NOT_ALLOWED = re.compile("[^\u0009\u000a\u000d\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def reason_attributes(
    failure: DarkroomError,
    source: SourceObject | None,
    *,
    attempts: int,
    first_seen: str,
    request_id: str,
    message_id: str,
) -> dict[str, str]:
    """Return the reason as attribute names and values, without unknown ones: SQS refuses empty values.

    Args:
        failure: its code and its detail.
        source: None for a malformed message; characters of its key that SQS refuses become U+FFFD.
        attempts: how often the message was received.
        first_seen: when the message was first sent, ISO 8601.
        request_id: the Lambda request that sent it to the DLQ, to find it in the logs.
        message_id: the SQS message id it had in the source queue; a dead letter gets a new one.
    """
    values = {
        FAILURE_CODE: failure.code.value,
        FAILURE_FAMILY: failure.code.family.value,
        FAILURE_DETAIL: failure.detail,
        SOURCE_BUCKET: source.bucket if source else "",
        SOURCE_KEY: source.key if source else "",
        SOURCE_ETAG: source.etag if source else "",
        ATTEMPTS: str(attempts),
        FIRST_SEEN: first_seen,
        REQUEST_ID: request_id,
        MESSAGE_ID: message_id,
    }
    return {name: _allowed(value) for name, value in values.items() if value}


def _allowed(value: str) -> str:
    return NOT_ALLOWED.sub("\ufffd", value)[:MAX_VALUE_CHARACTERS]
