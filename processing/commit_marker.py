"""The commit marker: metadata stored with every output; on the PDF, stored last, they say the set is complete."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from processing.outcomes import SourceObject

SOURCE_ETAG = "source-etag"
SOURCE_SEQUENCER = "source-sequencer"
SETTINGS = "settings"


@dataclass(frozen=True)
class Marker:
    """Which source object, in which version, with which settings an output was made from.

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
        """Reads S3 user metadata; what is missing (an object that Darkroom did not write) reads as empty."""
        return cls(metadata.get(SOURCE_ETAG, ""), metadata.get(SOURCE_SEQUENCER, ""), metadata.get(SETTINGS, ""))

    def to_metadata(self) -> dict[str, str]:
        return {SOURCE_ETAG: self.etag, SOURCE_SEQUENCER: self.sequencer, SETTINGS: self.fingerprint}

    @property
    def mark(self) -> str:
        """What goes into the outputs themselves, so that their eTags tell versions apart.

        Without it an output of an early version could have the same bytes, and so the same eTag, as that of a late one
        (a photo was edited and put back): to replace the early one would then, at the wrong moment, hit the late one.
        """
        return "darkroom " + hashlib.sha256(repr(self).encode()).hexdigest()[:16]

    def matches(self, other: "Marker") -> bool:
        """Whether both describe the same source bytes under the same settings."""
        return bool(self.etag) and (self.etag, self.fingerprint) == (other.etag, other.fingerprint)

    def is_repeated_by(self, event: "Marker") -> bool:
        """Whether an event asks for nothing new: it matches, and is not known to be of a later upload.

        A later upload of the same bytes is something new: a version between the two may be in work, and must lose.
        """
        return self.matches(event) and not self.is_older_than(event)

    def is_older_than(self, other: "Marker") -> bool:
        """Whether `other` describes a later version of the source; unknown order counts as not older."""
        return bool(self.sequencer and other.sequencer) and is_earlier(self.sequencer, other.sequencer)


def is_earlier(sequencer: str, other: str) -> bool:
    """Compares two sequencers of one key as S3 prescribes: left-pad the shorter one with zeros, compare as text.

    Amazon S3 User Guide, "Event message structure".
    """
    width = max(len(sequencer), len(other))
    return sequencer.upper().zfill(width) < other.upper().zfill(width)
