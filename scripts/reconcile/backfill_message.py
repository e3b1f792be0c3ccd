"""Builds SQS messages for photos that must be processed again.

Excludes photos that are in the DLQ or that an earlier run has sent.

A message has the form of an S3 event notification. The journal excludes a photo while its message may still be in the
queue. Once its outputs are complete, or the queue's retention period is over, the entry is deleted, so that a photo
without outputs is sent again.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote_plus

from scripts.aws.bucket_listing import Listed
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.sqs_message import StoredMessage
from scripts.reconcile.states import Compared, State
from scripts.sending.journal import Journal, JournalEntry
from scripts.sending.sender import REFUSED, SENDING, SENT, OutgoingMessage

# Marks messages sent by reconcile, in logs and dead letters.
EVENT_SOURCE = "darkroom:reconcile"
_COMMITTED = (State.COMPLETE, State.DAMAGED)
_MAYBE_NOT_SENT = (SENDING, REFUSED)


class BackfillTarget(NamedTuple):
    """The common part of all messages of a run.

    Attributes:
        queue_url: the destination; it names the account and the region.
        fingerprint: of the current render settings.
    """

    bucket: str
    queue_url: str
    fingerprint: str


def backfill_message(source: Listed, target: BackfillTarget) -> OutgoingMessage:
    """Make a message about one source object, as it was listed.

    It has no sequencer, because a listing has none: the function then compares the eTag.
    """
    record = {
        "eventVersion": "2.1",
        "eventSource": EVENT_SOURCE,
        "eventTime": datetime.fromtimestamp(source.modified, UTC).isoformat(),
        "eventName": "ObjectCreated:Put",
        "s3": {
            "bucket": {"name": target.bucket},
            "object": {"key": quote_plus(source.key), "size": source.size_bytes, "eTag": source.etag},
        },
    }
    message = StoredMessage(id="", body=json.dumps({"Records": [record]}))
    return OutgoingMessage(journal_key(source, target), message, {"key": source.key, "etag": source.etag})


def journal_key(source: Listed, target: BackfillTarget) -> str:
    """Return the journal key of a source version with these settings, bucket and queue."""
    return hashlib.sha256(json.dumps([source.key, source.etag, *target]).encode()).hexdigest()


@dataclass(frozen=True)
class KnownPhotos:
    """Marks photos that need no new message, because they are queued or dead-lettered.

    Attributes:
        prefix: of the keys that are compared.
        target: the messages' common part.
        dead_lettered: the failure codes of the source versions in the DLQ, by their hash.
        journal: of earlier runs; None if there were none.
        retained_since: messages sent earlier have exceeded the queue's retention period.
        is_quick: whether settings were ignored; `complete` is then not reliable.
        send_again_before: what was sent before is sent again; None for nothing.
        is_dry_run: leave what is to be sent again in the journal.
    """

    prefix: str
    target: BackfillTarget
    dead_lettered: Mapping[bytes, str]
    journal: Journal | None
    retained_since: datetime
    is_quick: bool = False
    send_again_before: datetime | None = None
    is_dry_run: bool = False

    def exclude_known(self, chunk: Sequence[Compared]) -> list[Compared]:
        """Return the chunk with corrected states.

        Leaves out keys outside the prefix: the outputs listed under `2026/a` include those of a source `2026` whose
        names start with `a`.
        """
        inside = [compared for compared in chunk if compared.pair.key.startswith(self.prefix)]
        sent = self._still_queued(inside)
        return [self._corrected(compared, sent) for compared in inside]

    def _still_queued(self, inside: Sequence[Compared]) -> dict[str, JournalEntry]:
        """Return the entries of messages that may still be in the queue; forget the others."""
        if self.journal is None:
            return {}
        states = {journal_key(c.pair.source, self.target): c.state for c in inside if c.pair.source is not None}
        known = self.journal.find(states)
        over = {item for item, entry in known.items() if self._is_expired_or_committed(entry, states[item])}
        again = {item for item, entry in known.items() if self._is_sent_again(entry)}
        self.journal.forget(over if self.is_dry_run else over | again)
        left = known.keys() - over - again
        return {item: entry for item, entry in known.items() if item in left and entry.step not in _MAYBE_NOT_SENT}

    def _is_expired_or_committed(self, entry: JournalEntry, state: State) -> bool:
        is_committed = state in _COMMITTED and not self.is_quick
        return is_committed or datetime.fromisoformat(entry.at) < self.retained_since

    def _is_sent_again(self, entry: JournalEntry) -> bool:
        before = self.send_again_before
        return before is not None and entry.step == SENT and datetime.fromisoformat(entry.at) < before

    def _corrected(self, compared: Compared, sent: Mapping[str, JournalEntry]) -> Compared:
        source = compared.pair.source
        if source is None or not compared.state.is_sent:
            return compared
        if code := self.dead_lettered.get(_version_hash(source.key, source.etag)):
            return Compared(compared.pair, State.DEAD_LETTERED, code=code)
        entry = sent.get(journal_key(source, self.target))
        return Compared(compared.pair, State.SENT_EARLIER, entry.at[:10]) if entry else compared


def dead_lettered_versions(letters: Iterable[DeadLetter]) -> dict[bytes, str]:
    """Map the source versions that dead letters name, as hashes of 16 bytes, to their failure codes."""
    return {_version_hash(source.key, source.etag): letter.code for letter in letters for source in letter.sources}


def _version_hash(key: str, etag: str) -> bytes:
    return hashlib.blake2b(f"{etag}/{key}".encode(), digest_size=16).digest()
