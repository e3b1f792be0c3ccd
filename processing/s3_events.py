"""Parses SQS message bodies that carry S3 event notifications into source objects.

Facts: Amazon S3 User Guide, "Event message structure".
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from processing.failures import FailureCode, PermanentError
from processing.outcomes import SourceObject

MAX_OBJECT_BYTES = 50 * 1024**4  # Amazon S3 User Guide, "Uploading objects": 50 TB at most

# These become parts of request headers and URLs: only well-formed values may get there.
_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")
_ETAG = re.compile(r"[A-Za-z0-9-]{0,128}")
_VERSION_ID = re.compile(r"[!-~]{0,1024}")
# S3 sends 16 or 18 digits. A longer one could never be followed by a later upload's.
_SEQUENCER = re.compile(r"[0-9A-Fa-f]{0,18}")
_UNPRINTABLE = re.compile(r"[^ -~]+")
_MAX_DETAIL = 160


@dataclass(frozen=True)
class S3Record:
    """An S3 record of a message.

    Attributes:
        source: the object that it names.
        body: a message body that names it alone, for a dead letter of its own.
    """

    source: SourceObject
    body: str


def parse_message(body: str) -> tuple[SourceObject, ...]:
    """Parse the source objects that a message names, in any bucket; see `parse_records`."""
    return tuple(record.source for record in parse_records(body))


def parse_records(body: str, input_bucket: str = "") -> tuple[S3Record, ...]:
    """Parse the S3 records of a message.

    Args:
        body: the SQS message body.
        input_bucket: the only bucket that it may name; empty for any.

    Returns:
        One for each source object. Empty for S3's `s3:TestEvent` and for folder markers (empty objects whose key ends
        in `/`, which the S3 console makes): there is nothing to process.

    Raises:
        PermanentError: `malformed-message` when the body is not an S3 notification of objects created in that bucket.
    """
    elements = _parse_elements(body)
    records = [
        S3Record(_parse_record(element), body if len(elements) == 1 else json.dumps({"Records": [element]}))
        for element in elements
    ]
    for record in records:
        if input_bucket not in ("", record.source.bucket):
            raise _malformed(f"an S3 record names the bucket {record.source.bucket}, not the input bucket")
    return tuple(record for record in records if not _is_folder_marker(record.source))


def _parse_elements(body: str) -> list[Any]:
    try:
        notification = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _malformed("the body is not JSON") from error
    if not isinstance(notification, dict):
        raise _malformed("the body is not a JSON object")
    if notification.get("Event") == "s3:TestEvent":
        return []
    elements = notification.get("Records")
    if not isinstance(elements, list) or not elements:
        raise _malformed("the body has no S3 records")
    return elements


def _parse_record(record: Any) -> SourceObject:
    try:
        event_name, s3 = str(record["eventName"]), record["s3"]
        source = _parse_source(s3["bucket"]["name"], s3["object"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _malformed(f"an S3 record is of the wrong shape ({type(error).__name__}: {error})") from error
    if not event_name.removeprefix("s3:").startswith("ObjectCreated:"):
        raise _malformed(f"an S3 record is about {event_name}, not about a created object")
    return source


def _parse_source(bucket: Any, s3_object: Mapping[str, Any]) -> SourceObject:
    key = unquote_plus(_text(s3_object["key"]), errors="strict")
    if not key:
        raise ValueError("empty key")
    return SourceObject(
        bucket=_shaped("bucket", _text(bucket), _BUCKET),
        key=key,
        size_bytes=_size(_optional(s3_object, "size", 0)),
        etag=_shaped("eTag", _text(_optional(s3_object, "eTag", "")).strip('"'), _ETAG),
        version_id=_shaped("versionId", _text(_optional(s3_object, "versionId", "")), _VERSION_ID),
        sequencer=_shaped("sequencer", _text(_optional(s3_object, "sequencer", "")), _SEQUENCER),
    )


def _optional(s3_object: Mapping[str, Any], name: str, absent: Any) -> Any:
    """Return a field; `absent` when it is missing or null, as other senders and buckets without versions write it."""
    value = s3_object.get(name)
    return absent if value is None else value


def _shaped(name: str, value: str, shape: re.Pattern[str]) -> str:
    if not shape.fullmatch(value):
        raise ValueError(f"not a valid {name}: {value!r:.40}")
    return value


def _size(value: Any) -> int:
    size_bytes = int(value)
    if not 0 <= size_bytes <= MAX_OBJECT_BYTES:
        raise ValueError(f"not a valid size: {value!r:.40}")
    return size_bytes


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is not text")
    value.encode()  # a lone surrogate cannot be part of an S3 key
    return value


def _is_folder_marker(source: SourceObject) -> bool:
    return source.key.endswith("/") and source.size_bytes == 0


def _malformed(detail: str) -> PermanentError:
    return PermanentError(FailureCode.MALFORMED_MESSAGE, _UNPRINTABLE.sub("?", detail)[:_MAX_DETAIL])
