"""Leaves out what is known from elsewhere: what lies in the DLQ, and what an earlier run has sent already."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from scripts.dlq.letters import DeadLetter
from scripts.journal import Journal
from scripts.reconcile.comparison import Judged
from scripts.reconcile.event import item_of
from scripts.reconcile.listing import Listed
from scripts.reconcile.states import State
from scripts.sending import REFUSED, SENDING


@dataclass(frozen=True)
class Sieve:
    """Gives judged pairs their final state.

    Attributes:
        prefix: of the keys that are compared.
        fingerprint: of today's settings.
        dead: hashes of the versions of sources that lie in the DLQ.
        journal: what earlier runs have sent; None when there were none.
    """

    prefix: str
    fingerprint: str
    dead: frozenset[bytes]
    journal: Journal | None

    def sift(self, handful: Sequence[Judged]) -> list[Judged]:
        """The same pairs with their final states.

        Outputs of sources outside the prefix are left out: the listing of `2026/a` has those of `2026` named `a...`.
        """
        inside = [judged for judged in handful if judged.pair.key.startswith(self.prefix)]
        sent = self._sent_earlier(j.pair.source for j in inside if j.state.is_sent and j.pair.source is not None)
        return [Judged(judged.pair, self._final_state(judged, sent)) for judged in inside]

    def _sent_earlier(self, sources: Iterable[Listed]) -> set[str]:
        if self.journal is None:
            return set()
        known = self.journal.find(item_of(source, self.fingerprint) for source in sources)
        return {item for item, entry in known.items() if entry.step not in (SENDING, REFUSED)}

    def _final_state(self, judged: Judged, sent: set[str]) -> State:
        source = judged.pair.source
        if source is None or not judged.state.is_sent:
            return judged.state
        if version_hash(source.key, source.etag) in self.dead:
            return State.DEAD_LETTERED
        return State.SENT_EARLIER if item_of(source, self.fingerprint) in sent else judged.state


def dead_versions(letters: Iterable[DeadLetter]) -> frozenset[bytes]:
    """Hashes of the versions of sources that dead letters name: 16 bytes each, whatever the keys are."""
    return frozenset(version_hash(source.key, source.etag) for letter in letters for source in letter.sources)


def version_hash(key: str, etag: str) -> bytes:
    """A version of a source in 16 bytes."""
    return blake2b(f"{etag}/{key}".encode(), digest_size=16).digest()
