"""What state a source and its outputs are in, and what is to be done about it."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from processing.commit_marker import Marker
from processing.output_keys import DOCUMENT_NAME, MAX_KEY_BYTES
from scripts.reconcile.merge import Pair

_SENT = "sent to be processed"


class State(Enum):
    """The states: how people read them, and what is done."""

    COMPLETE = ("complete", "nothing")
    MISSING = ("missing", _SENT)
    PARTIAL = ("partial", _SENT)
    STALE_SOURCE = ("stale: source changed", _SENT)
    STALE_SETTINGS = ("stale: settings changed", _SENT)
    DAMAGED = ("partial, but committed", "nothing: see below")
    SENT_EARLIER = ("sent, not there yet", "nothing: the journal has them")
    DEAD_LETTERED = ("in the DLQ", "nothing: redrive them")
    RECENT = ("too recent to judge", "nothing yet")
    KEY_TOO_LONG = ("key too long", "nothing: rename them")
    ORPHAN = ("orphan outputs", "nothing: their source is gone")

    def __init__(self, title: str, deed: str) -> None:
        self.title = title
        self.deed = deed

    @property
    def is_sent(self) -> bool:
        """Whether a source in this state is sent to be processed."""
        return self.deed == _SENT


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the outputs of a source should be like.

    Attributes:
        names: of all outputs, such as `large.jpg`.
        fingerprint: of the settings; None when settings are not compared.
        judged_before: sources stored later may still be in work; seconds since 1970.
    """

    names: frozenset[str]
    fingerprint: str | None
    judged_before: float

    @classmethod
    def of(cls, file_names: Collection[str], *, fingerprint: str | None, judged_before: float) -> "Expected":
        names = frozenset({DOCUMENT_NAME, *file_names})
        return cls(names=names, fingerprint=fingerprint, judged_before=judged_before)


def needs_marker(pair: Pair) -> bool:
    """Whether the commit marker must be read to tell the state."""
    return pair.source is not None and pair.outputs is not None and pair.outputs.committed is not None


def judge(pair: Pair, marker: Marker | None, expected: Expected) -> State:
    """Tells the state of a source and its outputs.

    Args:
        pair: as listed.
        marker: the commit marker as read; None when it was not read: then the listed times decide.
        expected: what should be there.
    """
    source = pair.source
    if source is None:
        return State.ORPHAN
    found = _compare(pair, marker, expected)
    if found is State.COMPLETE or source.modified < expected.judged_before:
        is_too_long = found.is_sent and _longest_output_bytes(source.key, expected) > MAX_KEY_BYTES
        return State.KEY_TOO_LONG if is_too_long else found
    return State.RECENT


def _compare(pair: Pair, marker: Marker | None, expected: Expected) -> State:
    source, outputs = pair
    assert source is not None  # noqa: S101 (for the type checker: the caller has looked)
    if outputs is None:
        return State.MISSING
    if outputs.committed is None:
        return State.PARTIAL
    if outputs.committed < source.modified if marker is None else marker.etag != source.etag:
        return State.STALE_SOURCE
    if marker is not None and expected.fingerprint is not None and marker.fingerprint != expected.fingerprint:
        return State.STALE_SETTINGS
    return State.COMPLETE if expected.names <= outputs.names else State.DAMAGED


def _longest_output_bytes(source_key: str, expected: Expected) -> int:
    return len(source_key.encode()) + 1 + max(map(len, expected.names))
