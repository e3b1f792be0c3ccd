"""Moves dead letters: sends each first and deletes it after, and journals every step.

Journal: sending -> sent -> moved. What is journaled as sent is only deleted by a later run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from scripts.aws.dead_letter import DeadLetter
from scripts.aws.sqs_message import MAX_BATCH_ENTRIES
from scripts.aws.sqs_queue import SqsQueue
from scripts.dlq.receive_selected import receive_selected
from scripts.sending.journal import JournalEntry
from scripts.sending.sender import OutgoingMessage, Sender, SendResult

MOVED = "moved"


@dataclass
class Moves:
    """What became of the letters, by their ids.

    Attributes:
        moved: out of the DLQ, and in the queue now or since an earlier run.
        sent: SQS's answers to what was sent.
        kept: sent, but SQS did not delete them: a rerun will.
        missing: they did not turn up: someone else holds or has deleted them.
    """

    moved: set[str] = field(default_factory=set)
    sent: SendResult = field(default_factory=SendResult)
    kept: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)

    @property
    def is_clean(self) -> bool:
        return not (self.sent.refused or self.kept or self.missing)

    def add(self, other: "Moves") -> None:
        self.moved |= other.moved
        self.sent.add(other.sent)
        self.kept |= other.kept
        self.missing |= other.missing

    def to_document(self) -> dict[str, Any]:
        return {
            "moved": len(self.moved),
            "sent_now": len(self.sent.new_ids),
            "sent_by_an_earlier_run": len(self.sent.earlier),
            "maybe_sent_twice": sorted(self.sent.maybe_twice),
            "refused": self.sent.refused,
            "not_deleted": self.kept,
            "missing": sorted(self.missing),
        }


@dataclass(frozen=True)
class Mover:
    """Moves letters from a DLQ to the sender's queue.

    Attributes:
        source: the DLQ.
        sender: sends and journals.
        on_progress: hears how many are moved, and a note.
    """

    source: SqsQueue
    sender: Sender
    on_progress: Callable[[int, str], None] = lambda *_: None

    def move(self, wanted: set[str], most: int | None = None) -> Moves:
        """Moves the letters with these ids, or the first `most` of them to turn up."""
        moves = Moves()
        missing = receive_selected(
            self.source,
            wanted,
            lambda letters: self._move_batch(letters, moves),
            most=most,
            batch_size=self.sender.pace.batch_size(MAX_BATCH_ENTRIES),
        )
        moves.missing = missing if most is None else set()
        return moves

    def _move_batch(self, letters: Sequence[DeadLetter], moves: Moves) -> set[str]:
        sent = self.sender.send([OutgoingMessage(letter.id, letter.message, _document(letter)) for letter in letters])
        moves.sent.add(sent)
        arrived = [letter for letter in letters if letter.id in sent.arrived]
        deleted = self.source.delete([letter.message.receipt_handle for letter in arrived])
        moves.kept |= {arrived[position].id: code for position, code in deleted.failed.items()}
        gone = {arrived[position].id for position in deleted.done}
        known = self.sender.journal.find(gone)
        self.sender.journal.record(JournalEntry(item, MOVED, known[item].document, known[item].at) for item in gone)
        moves.moved |= gone
        self.on_progress(len(moves.moved), "")
        return gone


def _document(letter: DeadLetter) -> dict[str, Any]:
    return {"code": letter.code, "message_id": letter.message_id, "message": letter.message.to_document()}
