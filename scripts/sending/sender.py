"""Sends messages so that a kill at any moment and a second run neither lose one nor repeat more than one batch.

Each batch is journaled before it is sent and again with SQS's answer. What a later run finds journaled as sent, it
leaves out. What it finds journaled as being sent may or may not have arrived: it is sent again, because twice is
harmless (the function reports a duplicate after one HEAD) and never is not; and it is counted, so that people know.
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
        item: what the journal calls it, for ever the same.
        message: what is sent.
        document: what the journal keeps of it.
    """

    item: str
    message: StoredMessage
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        return self.message.size_bytes


@dataclass
class SendResult:
    """What became of some shipments, by item.

    Attributes:
        new_ids: the message ids that SQS gave those that were sent now.
        earlier: those that an earlier run had sent.
        maybe_twice: those of `new_ids` that an earlier run may have sent too.
        refused: SQS's error code for each that it did not take.
    """

    new_ids: dict[str, str] = field(default_factory=dict)
    earlier: set[str] = field(default_factory=set)
    maybe_twice: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def arrived(self) -> set[str]:
        """All that are in the queue for sure."""
        return self.earlier | set(self.new_ids)

    def add(self, other: "SendResult") -> None:
        self.new_ids |= other.new_ids
        self.earlier |= other.earlier
        self.maybe_twice |= other.maybe_twice
        self.refused |= other.refused


@dataclass(frozen=True)
class Sender:
    """Sends to one queue, at a pace, with a journal."""

    queue: SqsQueue
    journal: Journal
    pace: RateLimit

    def send(self, shipments: Sequence[OutgoingMessage]) -> SendResult:
        """Sends what no earlier run has sent.

        Raises:
            ClientError, BotoCoreError: SQS took no batch at all; a later run goes on from here.
        """
        known = self.journal.find(shipment.item for shipment in shipments)
        report = SendResult(earlier={item for item, entry in known.items() if entry.step not in (SENDING, REFUSED)})
        unsure = {item for item, entry in known.items() if entry.step == SENDING}
        for batch in batches(s for s in shipments if s.item not in report.earlier):
            report.add(self._send_batch(batch))
        report.maybe_twice = unsure & set(report.new_ids)
        return report

    def _send_batch(self, batch: Sequence[OutgoingMessage]) -> SendResult:
        self.pace.wait_for(len(batch))
        with uninterrupted():
            self.journal.record(JournalEntry(shipment.item, SENDING, shipment.document) for shipment in batch)
            outcome = self.queue.send([shipment.message for shipment in batch])
            report = SendResult(
                new_ids={batch[position].item: new_id for position, new_id in outcome.done.items()},
                refused={batch[position].item: code for position, code in outcome.failed.items()},
            )
            self.journal.record(self._entry(shipment, report) for shipment in batch)
        return report

    def _entry(self, shipment: OutgoingMessage, report: SendResult) -> JournalEntry:
        if shipment.item in report.refused:
            return JournalEntry(shipment.item, REFUSED, {**shipment.document, "error": report.refused[shipment.item]})
        arrival = {"to": self.queue.url, "new_id": report.new_ids[shipment.item]}
        return JournalEntry(shipment.item, SENT, {**shipment.document, **arrival})
