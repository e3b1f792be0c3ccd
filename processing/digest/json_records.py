"""The records of the digest's JSON: one per S3 record, written and read back."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from processing.failures import FailureCode
from processing.layout import Layout
from processing.outcomes import Outcome, RecordResult, SourceObject

VERSION = 1
SERVICE = "darkroom"
MAX_DETAIL_CHARACTERS = 500  # a long detail must not leave less room for other records
MAX_NUMBER = 10**18  # an exabyte, more than any real count or size, so that sums stay printable

_SOURCE_TEXTS = ("bucket", "key", "etag", "sequencer", "version_id")
_T = TypeVar("_T")


class UnreadableDigestError(ValueError):
    """The body is not a batch digest of this version."""


def record_document(result: RecordResult) -> dict[str, Any]:
    """Convert one result to JSON values; the key stays unescaped."""
    source = result.source or SourceObject(bucket="", key="")
    return {
        "message_id": result.message_id,
        **{name: getattr(source, name) for name in _SOURCE_TEXTS},
        "outcome": result.outcome.value,
        "code": result.code.value if result.code else None,
        "detail": result.detail[:MAX_DETAIL_CHARACTERS],
        "what_to_do": result.code.what_to_do if result.code and result.outcome.is_failure else "",
        "outputs": list(result.outputs),
        "bytes_in": result.bytes_in,
        "bytes_out": result.bytes_out,
        "milliseconds": dict(result.milliseconds),
        **_layout_document(result.layout),
    }


def read_record(document: object) -> RecordResult:
    """Parse a record; one without bucket and key named no source.

    Raises:
        UnreadableDigestError: a field is missing or of a wrong kind, an outcome or a code is unknown.
    """
    fields = mapping(document, "a record")
    source = SourceObject(size_bytes=number(fields, "bytes_in"), **{name: text(fields, name) for name in _SOURCE_TEXTS})
    outputs = fields.get("outputs")
    if not isinstance(outputs, list) or not all(isinstance(output, str) for output in outputs):
        raise UnreadableDigestError("outputs is not a list of texts")
    milliseconds = mapping(fields.get("milliseconds"), "milliseconds")
    return RecordResult(
        message_id=text(fields, "message_id"),
        source=source if source.bucket or source.key else None,
        outcome=_member(Outcome, text(fields, "outcome")),
        code=None if fields.get("code") is None else _member(FailureCode, text(fields, "code")),
        detail=text(fields, "detail"),
        outputs=tuple(outputs),
        bytes_in=source.size_bytes,
        bytes_out=number(fields, "bytes_out"),
        milliseconds={stage: number(milliseconds, stage) for stage in milliseconds},
        layout=_read_layout(fields) if "sizes" in fields else None,
    )


def _layout_document(layout: Layout | None) -> dict[str, Any]:
    """Return the fields of a processed photo; others have none."""
    if layout is None:
        return {}
    return {"sizes": {name: list(size) for name, size in layout.sizes.items()}, "thumb_hash": layout.thumb_hash}


def _read_layout(fields: Mapping[str, Any]) -> Layout:
    sizes = mapping(fields["sizes"], "sizes")
    return Layout(sizes={name: _read_size(size) for name, size in sizes.items()}, thumb_hash=text(fields, "thumb_hash"))


def _read_size(size: object) -> tuple[int, int]:
    if not isinstance(size, list) or len(size) != 2:
        raise UnreadableDigestError("a size is not width and height")
    sides = {"width": size[0], "height": size[1]}
    return number(sides, "width"), number(sides, "height")


def read_counts(document: object) -> dict[Outcome, int]:
    """Parse the counts by outcome."""
    fields = mapping(document, "counts")
    return {_member(Outcome, name): number(fields, name) for name in fields}


def mapping(value: object, name: str) -> Mapping[str, Any]:
    """Return the value if it is a JSON object."""
    if not isinstance(value, dict):
        raise UnreadableDigestError(f"{name} is not a JSON object")
    return value


def text(fields: Mapping[str, Any], name: str) -> str:
    """Return a field that must be text."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise UnreadableDigestError(f"{name} is missing or not text")
    return value


def number(fields: Mapping[str, Any], name: str) -> int:
    """Return a field that must be from 0 to `MAX_NUMBER`."""
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_NUMBER:
        raise UnreadableDigestError(f"{name} is missing or not a whole number in range")
    return value


def _member(enumeration: Callable[[str], _T], value: str) -> _T:
    try:
        return enumeration(value)
    except ValueError as error:
        raise UnreadableDigestError(str(error)) from error
