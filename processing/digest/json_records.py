"""A digest for machines: one S3 record as JSON, and back."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult, SourceObject

VERSION = 1
SERVICE = "darkroom"
MAX_DETAIL_CHARACTERS = 500  # details are for people; one that grew must not push other records out

MAX_NUMBER = 10**18  # an exabyte, beyond every real count or size: what is summed and printed stays printable

_T = TypeVar("_T")


class UnreadableDigestError(ValueError):
    """What was read is not a batch's digest in a version that is understood; the text says what is wrong with it."""


def record_document(result: RecordResult) -> dict[str, Any]:
    """One result as the digest's JSON has it; the key is exactly the source's, escaped by nobody but JSON."""
    source = result.source or SourceObject(bucket="", key="")
    return {
        "message_id": result.message_id,
        "bucket": source.bucket,
        "key": source.key,
        "etag": source.etag,
        "sequencer": source.sequencer,
        "version_id": source.version_id,
        "outcome": result.outcome.value,
        "code": result.code.value if result.code else None,
        "detail": result.detail[:MAX_DETAIL_CHARACTERS],
        "what_to_do": result.code.what_to_do if result.code and result.outcome.is_failure else "",
        "outputs": list(result.outputs),
        "bytes_in": result.bytes_in,
        "bytes_out": result.bytes_out,
        "milliseconds": dict(result.milliseconds),
    }


def read_record(document: object) -> RecordResult:
    """The result that `record_document` wrote; a message that named no source object has neither bucket nor key.

    Raises:
        UnreadableDigestError: a field is missing or of a wrong kind, an outcome or a code is unknown.
    """
    fields = mapping(document, "a record")
    bucket, key, bytes_in = text(fields, "bucket"), text(fields, "key"), number(fields, "bytes_in")
    source = SourceObject(
        bucket=bucket,
        key=key,
        size_bytes=bytes_in,
        etag=text(fields, "etag"),
        version_id=text(fields, "version_id"),
        sequencer=text(fields, "sequencer"),
    )
    code = None if fields.get("code") is None else _word(FailureCode, text(fields, "code"))
    outputs = fields.get("outputs")
    if not isinstance(outputs, list) or not all(isinstance(output, str) for output in outputs):
        raise UnreadableDigestError("outputs is not a list of texts")
    milliseconds = mapping(fields.get("milliseconds"), "milliseconds")
    return RecordResult(
        message_id=text(fields, "message_id"),
        source=source if bucket or key else None,
        outcome=_word(Outcome, text(fields, "outcome")),
        code=code,
        detail=text(fields, "detail"),
        outputs=tuple(outputs),
        bytes_in=bytes_in,
        bytes_out=number(fields, "bytes_out"),
        milliseconds={stage: number(milliseconds, stage) for stage in milliseconds},
    )


def read_counts(document: object) -> dict[Outcome, int]:
    """The counts by outcome."""
    fields = mapping(document, "counts")
    return {_word(Outcome, name): number(fields, name) for name in fields}


def mapping(value: object, what: str) -> Mapping[str, Any]:
    """The value, if it is a JSON object."""
    if not isinstance(value, dict):
        raise UnreadableDigestError(f"{what} is not a JSON object")
    return value


def text(fields: Mapping[str, Any], name: str) -> str:
    """A field that must be text."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise UnreadableDigestError(f"{name} is missing or not text")
    return value


def number(fields: Mapping[str, Any], name: str) -> int:
    """A field that must be a whole number from 0 to `MAX_NUMBER`."""
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_NUMBER:
        raise UnreadableDigestError(f"{name} is missing or not a whole number in range")
    return value


def _word(vocabulary: Callable[[str], _T], word: str) -> _T:
    try:
        return vocabulary(word)
    except ValueError as error:
        raise UnreadableDigestError(str(error)) from error
