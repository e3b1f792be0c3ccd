"""Moves dead letters: sends each to the queue, then deletes it from the DLQ, and journals each step.

Journal steps: sending, sent, moved. A later run only deletes what is journaled as sent.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scripts.aws.dead_letter import DeadLetter
from scripts.aws.dlq_reader import DlqReader
from scripts.aws.parallel import chunks
from scripts.cli.signals import uninterrupted
from scripts.sending.sender import OutgoingMessage, Sender, SendResult

MOVED = "moved"


@dataclass
class MoveResult:
    """Results of moving dead letters, by their ids.

    Attributes:
        moved: sent, now or by an earlier run, and deleted from the DLQ.
        sent: SQS's answers to sending.
        not_deleted: sent, but SQS did not delete them; a later run will.
        missing: not held by the reader.
    """

    moved: set[str] = field(default_factory=set)
    sent: SendResult = field(default_factory=SendResult)
    not_deleted: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)

    @property
    def is_clean(self) -> bool:
        return not (self.sent.refused or self.not_deleted or self.missing)

    def to_document(self) -> dict[str, Any]:
        return {
            "moved": len(self.moved),
            "sent_now": len(self.sent.new_ids),
            "sent_by_an_earlier_run": len(self.sent.earlier),
            "maybe_sent_twice": sorted(self.sent.maybe_twice),
            "refused": self.sent.refused,
            "not_deleted": self.not_deleted,
            "missing": sorted(self.missing),
        }


@dataclass(frozen=True)
class Mover:
    """Moves dead letters that a reader holds to the sender's queue.

    Attributes:
        sender: sends and journals.
        on_progress: called with the number moved and a note.
    """

    sender: Sender
    on_progress: Callable[[int, str], None] = lambda *_: None
    result: MoveResult = field(default_factory=MoveResult)

    def move(self, reader: DlqReader, letters: Iterable[DeadLetter], *, is_canary: bool = False) -> MoveResult:
        """Move these dead letters, group by group; an interrupt waits for the end of a group."""
        wanted = list(letters)
        held = [letter for letter in wanted if reader.holds(letter)]
        self.result.missing |= {letter.id for letter in wanted} - {letter.id for letter in held}
        for group in chunks(held, self.sender.group_size):
            reader.hold_longer()
            with uninterrupted():
                self._send_then_delete(reader, [_outgoing(letter, is_canary=is_canary) for letter in group], group)
        return self.result

    def _send_then_delete(
        self, reader: DlqReader, messages: Sequence[OutgoingMessage], letters: Sequence[DeadLetter]
    ) -> None:
        sent = self.sender.send(messages)
        self.result.sent.add(sent)
        arrived = [letter for letter in letters if letter.id in sent.arrived]
        deletion = reader.delete(arrived)
        self.result.not_deleted |= {arrived[position].id: code for position, code in deletion.failed.items()}
        deleted = {arrived[position].id for position in deletion.done}
        journal = self.sender.journal
        journal.record(replace(entry, step=MOVED) for entry in journal.find(deleted).values())
        self.result.moved |= deleted
        self.on_progress(len(self.result.moved), "")


def _outgoing(letter: DeadLetter, *, is_canary: bool) -> OutgoingMessage:
    document: dict[str, Any] = {"code": letter.code, "message_id": letter.message_id}
    document |= {"message": letter.message.to_document()} | ({"canary": True} if is_canary else {})
    return OutgoingMessage(letter.id, letter.message, document)
