"""Sends messages with a journal, so that a killed run can go on without losing one.

Each batch is journaled before it is sent and again with SQS's answer. A later run leaves out messages journaled as
sent. Those journaled as being sent may have arrived: it sends them again, because the function skips duplicates after
one HEAD, and counts them. These are at most one batch.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from scripts.aws.sqs_message import MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, StoredMessage
from scripts.aws.sqs_queue import SqsQueue
from scripts.cli.signals import uninterrupted
from scripts.sending.journal import Journal, JournalEntry

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


class RateLimit:
    """Spaces batches out to a steady rate, without bursts.

    Args:
        per_second: messages a second; None for no limit.
        clock: seconds, monotonic.
        sleep: waits a number of seconds.
    """

    def __init__(
        self,
        per_second: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_second = per_second
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    def batch_size(self, most: int) -> int:
        """Return the batch size: one second's messages, `most` at most."""
        return most if self._per_second is None else max(1, min(most, int(self._per_second)))

    def wait_for(self, count: int) -> None:
        """Wait until `count` more messages may be sent."""
        if self._per_second is None:
            return
        wait_seconds = self._next - self._clock()
        if wait_seconds > 0:
            self._sleep(wait_seconds)
        self._next = max(self._next, self._clock()) + count / self._per_second


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


def batches(messages: Iterable[OutgoingMessage]) -> Iterator[list[OutgoingMessage]]:
    """Cut messages into SQS batches: at most ten and 256 KiB; a larger message goes alone."""
    batch: list[OutgoingMessage] = []
    size_bytes = 0
    for message in messages:
        if batch and (len(batch) == MAX_BATCH_ENTRIES or size_bytes + message.message.size_bytes > MAX_BATCH_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append(message)
        size_bytes += message.message.size_bytes
    if batch:
        yield batch


def sending_notes(maybe_twice: int, refused: Counter[str]) -> list[str]:
    """Report messages that may have been sent twice, and refused ones by error code."""
    lines = []
    if maybe_twice:
        lines.append(f"{maybe_twice:,} may have been sent twice: an earlier run was cut off. That is harmless.")
    for code, count in sorted(refused.items()):
        lines.append(f"{count:,} refused by SQS ({code}): give the command again to try them again.")
    return lines
