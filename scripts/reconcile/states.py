"""The states of a source and its outputs, and what reconcile does about each."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from processing.commit_marker import Marker
from processing.output_keys import DOCUMENT_NAME, MAX_KEY_BYTES
from scripts.reconcile.merge import RENDITION_SUFFIX, Pair

_SENT = "sent to be processed"


class State(Enum):
    """The states: their title and the action, as the report shows them."""

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

    def __init__(self, title: str, action: str) -> None:
        self.title = title
        self.action = action

    @property
    def is_sent(self) -> bool:
        """True if a source in this state is sent to be processed."""
        return self.action == _SENT


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The expected outputs of every source.

    Attributes:
        names: file names, such as `large.jpg`.
        fingerprint: of the settings; None to ignore settings.
        judged_before: sources stored later may still be in the queue; seconds since 1970.
    """

    names: frozenset[str]
    fingerprint: str | None
    judged_before: float

    @classmethod
    def of(cls, rendition_names: Collection[str], *, fingerprint: str | None, judged_before: float) -> "Expected":
        names = frozenset({DOCUMENT_NAME, *(f"{name}{RENDITION_SUFFIX}" for name in rendition_names)})
        return cls(names=names, fingerprint=fingerprint, judged_before=judged_before)


def needs_marker(pair: Pair) -> bool:
    """Return True if the state depends on the commit marker."""
    return pair.source is not None and pair.outputs is not None and pair.outputs.committed is not None


def find_state(pair: Pair, marker: Marker | None, expected: Expected) -> State:
    """Return the state of a source and its outputs.

    Args:
        pair: as listed.
        marker: the commit marker; None to compare the listed times instead.
        expected: the expected outputs.
    """
    source = pair.source
    if source is None:
        return State.ORPHAN
    state = _compare(pair, marker, expected)
    if state is not State.COMPLETE and source.modified >= expected.judged_before:
        return State.RECENT
    longest_bytes = len(source.key.encode()) + 1 + max(map(len, expected.names))
    return State.KEY_TOO_LONG if state.is_sent and longest_bytes > MAX_KEY_BYTES else state


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
