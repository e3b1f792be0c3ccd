"""SQS message bodies that carry S3 event notifications, read into source objects.

Facts: Amazon S3 User Guide, "Event message structure".
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from processing.failures import FailureCode, PermanentError
from processing.outcomes import SourceObject

MAX_OBJECT_BYTES = 50 * 1024**4  # Amazon S3 User Guide, "Uploading objects": 50 TB at most

# These travel in request headers and addresses: whatever does not look like one is refused before it gets there.
_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")
_ETAG = re.compile(r"[A-Za-z0-9-]{0,128}")
_VERSION_ID = re.compile(r"[!-~]{0,1024}")
_SEQUENCER = re.compile(r"[0-9A-Fa-f]{0,128}")
_UNPRINTABLE = re.compile(r"[^ -~]+")
_MAX_DETAIL = 160


def parse_message(body: str) -> tuple[SourceObject, ...]:
    """Reads every source object that a message names.

    Args:
        body: the SQS message body.

    Returns:
        One source object per S3 record. Empty for S3's `s3:TestEvent` and for folder markers (empty objects whose key
        ends in `/`, which the S3 console makes): there is nothing to do.

    Raises:
        PermanentError: `malformed-message` when the body is anything else than an S3 notification of created objects.
    """
    notification = _parse_json(body)
    if notification.get("Event") == "s3:TestEvent":
        return ()
    sources = (_parse_record(record) for record in _records(notification))
    return tuple(source for source in sources if not _is_folder_marker(source))


def split_message(body: str) -> dict[SourceObject, str]:
    """Gives each source object of a message a body that names it alone, so that each can become its own dead letter.

    Raises:
        PermanentError: as `parse_message`.
    """
    records = _records(_parse_json(body))
    if len(records) == 1:
        return {_parse_record(records[0]): body}
    return {_parse_record(record): json.dumps({"Records": [record]}) for record in records}


def _parse_json(body: str) -> dict[str, Any]:
    try:
        notification = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _malformed("the body is not JSON") from error
    if not isinstance(notification, dict):
        raise _malformed("the body is not a JSON object")
    return notification


def _records(notification: Mapping[str, Any]) -> list[Any]:
    records = notification.get("Records")
    if not isinstance(records, list) or not records:
        raise _malformed("the body has no S3 records")
    return records


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
        size_bytes=_size(s3_object.get("size", 0)),
        etag=_shaped("eTag", _text(s3_object.get("eTag", "")).strip('"'), _ETAG),
        version_id=_shaped("versionId", _text(s3_object.get("versionId", "")), _VERSION_ID),
        sequencer=_shaped("sequencer", _text(s3_object.get("sequencer", "")), _SEQUENCER),
    )


def _shaped(name: str, value: str, shape: re.Pattern[str]) -> str:
    if not shape.fullmatch(value):
        raise ValueError(f"no {name}: {value!r:.40}")
    return value


def _size(value: Any) -> int:
    size_bytes = int(value)
    if not 0 <= size_bytes <= MAX_OBJECT_BYTES:
        raise ValueError(f"no size: {value!r:.40}")
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
