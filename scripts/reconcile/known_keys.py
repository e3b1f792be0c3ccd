"""Excludes photos that are in the DLQ or that an earlier run has sent.

The journal excludes a photo while its message may still be in the queue. Once its outputs are complete, or the queue's
retention time is over, the journal forgets it, so that it is sent again should the outputs be missing later.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from scripts.aws.dead_letter import DeadLetter
from scripts.reconcile.backfill_message import BackfillTarget, item_of
from scripts.reconcile.comparison import Compared
from scripts.reconcile.states import State
from scripts.sending.journal import Journal, JournalEntry
from scripts.sending.sender import REFUSED, SENDING

_COMMITTED = (State.COMPLETE, State.DAMAGED)
_UNSURE = (SENDING, REFUSED)


@dataclass(frozen=True)
class KnownKeys:
    """Corrects the states of photos that need no new message.

    Attributes:
        prefix: of the keys that are compared.
        target: the messages' common part.
        dead: hashes of the source versions in the DLQ.
        journal: of earlier runs; None if there were none.
        kept_since: the queue has deleted messages sent before.
        is_quick: whether settings were ignored: a complete state then proves nothing.
    """

    prefix: str
    target: BackfillTarget
    dead: frozenset[bytes]
    journal: Journal | None
    kept_since: datetime
    is_quick: bool = False

    def exclude_known(self, chunk: Sequence[Compared]) -> list[Compared]:
        """Return the chunk with corrected states.

        Leaves out keys outside the prefix: the listing of `2026/a` has the outputs of `2026` named `a...`.
        """
        inside = [compared for compared in chunk if compared.pair.key.startswith(self.prefix)]
        sent = self._still_queued(inside)
        return [self._corrected(compared, sent) for compared in inside]

    def _still_queued(self, inside: Sequence[Compared]) -> dict[str, JournalEntry]:
        """Return the entries of messages that may still be in the queue; forget the others."""
        if self.journal is None:
            return {}
        states = {item_of(c.pair.source, self.target): c.state for c in inside if c.pair.source is not None}
        known = self.journal.find(states)
        over = {item for item, entry in known.items() if self._is_over(entry, states[item])}
        self.journal.forget(over)
        return {item: e for item, e in known.items() if item not in over and e.step not in _UNSURE}

    def _is_over(self, entry: JournalEntry, state: State) -> bool:
        is_committed = state in _COMMITTED and not self.is_quick
        return is_committed or datetime.fromisoformat(entry.at) < self.kept_since

    def _corrected(self, compared: Compared, sent: Mapping[str, JournalEntry]) -> Compared:
        source = compared.pair.source
        if source is None or not compared.state.is_sent:
            return compared
        if _version_hash(source.key, source.etag) in self.dead:
            return Compared(compared.pair, State.DEAD_LETTERED)
        entry = sent.get(item_of(source, self.target))
        return Compared(compared.pair, State.SENT_EARLIER, entry.at[:10]) if entry else compared


def dead_versions(letters: Iterable[DeadLetter]) -> frozenset[bytes]:
    """Hash the source versions that dead letters name: 16 bytes each."""
    return frozenset(_version_hash(source.key, source.etag) for letter in letters for source in letter.sources)


def _version_hash(key: str, etag: str) -> bytes:
    return blake2b(f"{etag}/{key}".encode(), digest_size=16).digest()
