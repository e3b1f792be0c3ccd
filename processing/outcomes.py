"""Outcomes of S3 records: the rows of the first table in docs/failure_codes.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from processing.failures import FailureCode
from processing.layout import Layout


class Outcome(StrEnum):
    """The outcomes; after `retrying` and `deferred` SQS delivers the record again."""

    PROCESSED = "processed"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    GONE = "gone"
    IGNORED = "ignored"
    DEAD_LETTERED = "dead-lettered"
    RETRYING = "retrying"
    EXHAUSTED = "exhausted"
    DEFERRED = "deferred"

    @property
    def is_final(self) -> bool:
        return self not in (Outcome.RETRYING, Outcome.DEFERRED)

    @property
    def is_failure(self) -> bool:
        """Return True when the record went to the DLQ."""
        return self in (Outcome.DEAD_LETTERED, Outcome.EXHAUSTED)


@dataclass(frozen=True, kw_only=True)
class SourceObject:
    """An uploaded object as its S3 event named it.

    Attributes:
        bucket: the bucket's name.
        key: the key, decoded (the event carries it URL-encoded).
        size_bytes: the size that the event claims.
        etag: without quotes; empty when the event had none.
        version_id: empty in a bucket without versioning.
        sequencer: S3's hexadecimal order mark, comparable for one key only; empty when the event had none.
    """

    bucket: str
    key: str
    size_bytes: int = 0
    etag: str = ""
    version_id: str = ""
    sequencer: str = ""


@dataclass(frozen=True, kw_only=True)
class RecordResult:
    """The outcome of one S3 record, or of a whole message when `source` is None (it named no source object).

    Attributes:
        message_id: the SQS message id.
        source: the source object; None for a malformed message.
        outcome: a row of the table.
        code: the failure code; None unless it failed, retries or was deferred.
        detail: one line for people, about the failure or, of a processed photo, its notes (see `photo_notes`).
        outputs: the keys stored in the output bucket.
        bytes_in: size of the source object.
        bytes_out: size of all outputs together.
        milliseconds: wall time by stage: `download`, `process`, `upload`.
        layout: of a photo that was processed.
    """

    message_id: str
    source: SourceObject | None
    outcome: Outcome
    code: FailureCode | None = None
    detail: str = ""
    outputs: tuple[str, ...] = ()
    bytes_in: int = 0
    bytes_out: int = 0
    milliseconds: Mapping[str, int] = field(default_factory=dict)
    layout: Layout | None = None
