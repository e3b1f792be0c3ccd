"""Sends messages with a journal, so that a killed run can go on without losing one.

Each batch is journaled before it is sent and again with SQS's answer. A later run leaves out messages journaled as
sent. Those journaled as being sent may have arrived: it sends them again, because the function skips duplicates after
one HEAD, and counts them. These are at most one batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from scripts.aws.sqs_message import StoredMessage
from scripts.aws.sqs_queue import SqsQueue, batches
from scripts.cli.signals import uninterrupted
from scripts.sending.journal import Journal, JournalEntry
from scripts.sending.rate_limit import RateLimit

SENDING, SENT, REFUSED = "sending", "sent", "refused"


@dataclass(frozen=True)
class OutgoingMessage:
    """A message to send.

    Attributes:
        item: its name in the journal, the same in every run.
        document: facts for the journal.
    """

    item: str
    message: StoredMessage
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        return self.message.size_bytes


@dataclass
class SendResult:
    """Results of sending, by item.

    Attributes:
        new_ids: the message ids that SQS gave to messages sent now.
        earlier: items that an earlier run had sent.
        maybe_twice: those of `new_ids` that an earlier run may have sent too.
        refused: SQS's error codes.
    """

    new_ids: dict[str, str] = field(default_factory=dict)
    earlier: set[str] = field(default_factory=set)
    maybe_twice: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def arrived(self) -> set[str]:
        """All items that are certainly in the queue."""
        return self.earlier | set(self.new_ids)

    def add(self, other: "SendResult") -> None:
        self.new_ids |= other.new_ids
        self.earlier |= other.earlier
        self.maybe_twice |= other.maybe_twice
        self.refused |= other.refused


@dataclass(frozen=True)
class Sender:
    """Sends to one queue, with a journal and a rate limit."""

    queue: SqsQueue
    journal: Journal
    rate_limit: RateLimit

    def send(self, messages: Sequence[OutgoingMessage]) -> SendResult:
        """Send the messages that no earlier run has sent.

        Raises:
            ClientError, BotoCoreError: SQS took no batch at all; a later run goes on from here.
        """
        known = self.journal.find(message.item for message in messages)
        result = SendResult(earlier={item for item, entry in known.items() if entry.step not in (SENDING, REFUSED)})
        for batch in batches(message for message in messages if message.item not in result.earlier):
            result.add(self._send_batch(batch))
        unsure = {item for item, entry in known.items() if entry.step == SENDING}
        result.maybe_twice = unsure & set(result.new_ids)
        return result

    def _send_batch(self, batch: Sequence[OutgoingMessage]) -> SendResult:
        self.rate_limit.wait_for(len(batch))
        with uninterrupted():
            self.journal.record(JournalEntry(message.item, SENDING, message.document) for message in batch)
            outcome = self.queue.send([message.message for message in batch])
            result = SendResult(
                new_ids={batch[position].item: new_id for position, new_id in outcome.done.items()},
                refused={batch[position].item: code for position, code in outcome.failed.items()},
            )
            self.journal.record(self._entry(message, result) for message in batch)
        return result

    def _entry(self, message: OutgoingMessage, result: SendResult) -> JournalEntry:
        if message.item in result.refused:
            return JournalEntry(message.item, REFUSED, {**message.document, "error": result.refused[message.item]})
        arrival = {"to": self.queue.url, "new_id": result.new_ids[message.item]}
        return JournalEntry(message.item, SENT, {**message.document, **arrival})
