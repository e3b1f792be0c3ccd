"""Leaves out what is known from elsewhere: what lies in the DLQ, and what an earlier run has sent already.

What was sent is not sent again as long as its message may still be under way. That is over once its outputs were seen,
or when SQS has dropped it: then the journal forgets it, and should the outputs be gone one day, it is sent anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from scripts.aws.dead_letter import DeadLetter
from scripts.reconcile.comparison import Judged
from scripts.reconcile.event import BackfillTarget, item_of
from scripts.reconcile.states import State
from scripts.sending.journal import Journal, JournalEntry
from scripts.sending.sender import REFUSED, SENDING

_THERE = (State.COMPLETE, State.DAMAGED)
_UNSURE = (SENDING, REFUSED)


@dataclass(frozen=True)
class KnownKeys:
    """Gives judged pairs their final state.

    Attributes:
        prefix: of the keys that are compared.
        errand: what is sent, and where to.
        dead: hashes of the versions of sources that lie in the DLQ.
        journal: what earlier runs have sent; None when there were none.
        kept_since: what was sent before, the queue keeps no longer.
        is_quick: whether the settings were not compared: then nothing is proved to be there.
    """

    prefix: str
    errand: BackfillTarget
    dead: frozenset[bytes]
    journal: Journal | None
    kept_since: datetime
    is_quick: bool = False

    def sift(self, handful: Sequence[Judged]) -> list[Judged]:
        """The same pairs with their final states.

        Outputs of sources outside the prefix are left out: the listing of `2026/a` has those of `2026` named `a...`.
        """
        inside = [judged for judged in handful if judged.pair.key.startswith(self.prefix)]
        sent = self._under_way(inside)
        return [self._finally(judged, sent) for judged in inside]

    def _under_way(self, inside: Sequence[Judged]) -> dict[str, JournalEntry]:
        """What earlier runs have sent and may still come, by item; the journal forgets the rest."""
        if self.journal is None:
            return {}
        states = {item_of(j.pair.source, self.errand): j.state for j in inside if j.pair.source is not None}
        known = self.journal.find(states)
        over = {item for item, entry in known.items() if self._is_over(entry, states[item])}
        self.journal.forget(over)
        return {item: e for item, e in known.items() if item not in over and e.step not in _UNSURE}

    def _is_over(self, entry: JournalEntry, state: State) -> bool:
        is_there = state in _THERE and not self.is_quick
        return is_there or datetime.fromisoformat(entry.at) < self.kept_since

    def _finally(self, judged: Judged, sent: Mapping[str, JournalEntry]) -> Judged:
        source = judged.pair.source
        if source is None or not judged.state.is_sent:
            return judged
        if version_hash(source.key, source.etag) in self.dead:
            return Judged(judged.pair, State.DEAD_LETTERED)
        entry = sent.get(item_of(source, self.errand))
        return Judged(judged.pair, State.SENT_EARLIER, entry.at[:10]) if entry else judged


def dead_versions(letters: Iterable[DeadLetter]) -> frozenset[bytes]:
    """Hashes of the versions of sources that dead letters name: 16 bytes each, whatever the keys are."""
    return frozenset(version_hash(source.key, source.etag) for letter in letters for source in letter.sources)


def version_hash(key: str, etag: str) -> bytes:
    """A version of a source in 16 bytes."""
    return blake2b(f"{etag}/{key}".encode(), digest_size=16).digest()
