"""The commit marker: metadata of every output; on the PDF, which is stored last, it says that the set is complete."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from processing.outcomes import Outcome, SourceObject

SOURCE_ETAG = "source-etag"
SOURCE_SEQUENCER = "source-sequencer"
SETTINGS = "settings"


@dataclass(frozen=True)
class Marker:
    """The version of the source object and the settings that an output was made from.

    Attributes:
        etag: the source's eTag.
        sequencer: S3's order mark of the event; empty when unknown.
        fingerprint: see `RenderSettings.fingerprint`.
    """

    etag: str
    sequencer: str
    fingerprint: str

    @classmethod
    def of(cls, source: SourceObject, fingerprint: str) -> "Marker":
        return cls(source.etag, source.sequencer, fingerprint)

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "Marker":
        """Read S3 user metadata; an object that Darkroom did not write has empty fields."""
        return cls(metadata.get(SOURCE_ETAG, ""), metadata.get(SOURCE_SEQUENCER, ""), metadata.get(SETTINGS, ""))

    def to_metadata(self) -> dict[str, str]:
        return {SOURCE_ETAG: self.etag, SOURCE_SEQUENCER: self.sequencer, SETTINGS: self.fingerprint}

    def matches(self, other: "Marker") -> bool:
        """Return True when both describe the same source bytes under the same settings."""
        return bool(self.etag) and (self.etag, self.fingerprint) == (other.etag, other.fingerprint)

    def is_repeated_by(self, event: "Marker") -> bool:
        """Return True when an event matches and is not known to be of a later upload.

        A later upload of the same bytes is processed again: a version between the two may be in process, and must not
        win.
        So is an event with a sequencer after outputs without one: it may be of a later upload.
        """
        may_be_later = bool(event.sequencer) and not self.sequencer
        return self.matches(event) and not may_be_later and not self.is_older_than(event)

    def has_order(self, other: "Marker") -> bool:
        """Return True when the sequencers tell which of the two versions is later."""
        return bool(self.sequencer and other.sequencer)

    def is_older_than(self, other: "Marker") -> bool:
        """Return True when `other` describes a later version; an unknown order counts as not older."""
        return self.has_order(other) and is_earlier(self.sequencer, other.sequencer)


@dataclass(frozen=True)
class Commit:
    """A set of outputs to be stored.

    Attributes:
        marker: the version that it is made from.
        replaces: an earlier set exists and may be replaced.
    """

    marker: Marker
    replaces: bool = False

    @property
    def mark(self) -> str:
        """Return the comment that the outputs carry; empty for a first set.

        Without it an output of an early version could have the same bytes, and so the same eTag, as one of a late
        version (a photo was edited and changed back): a conditional PUT that replaces the early one could then replace
        the late one. A first set depends on the source's bytes and the settings alone.
        """
        if not self.replaces:
            return ""
        return "darkroom " + hashlib.sha256(repr(self.marker).encode()).hexdigest()[:16]


def plan_commit(marker: Marker, stored: Marker | None) -> Commit | Outcome:
    """Decide what an event asks for, given the commit marker that is stored.

    Returns:
        The set to store; `duplicate` or `superseded` when there is nothing to process.
    """
    if stored is None:
        return Commit(marker)
    if stored.is_repeated_by(marker):
        return Outcome.DUPLICATE
    return Outcome.SUPERSEDED if marker.is_older_than(stored) else Commit(marker, replaces=True)


def is_earlier(sequencer: str, other: str) -> bool:
    """Compare two sequencers of one key: pad the shorter one with zeros on the left, compare as text.

    Fact: Amazon S3 User Guide, "Event message structure".
    """
    width = max(len(sequencer), len(other))
    return sequencer.upper().zfill(width) < other.upper().zfill(width)
