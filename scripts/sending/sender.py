"""Sends messages with a journal, so that a killed run can go on without losing one.

Batches are sent at once in groups. Each group is journaled before it is sent and again with SQS's answers. A later run
leaves out messages journaled as sent. Those journaled as being sent may have arrived: it sends them again, because the
function skips duplicates after one HEAD, and counts them. These are at most one group.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from scripts.aws.parallel import chunks
from scripts.aws.sqs_message import MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, StoredMessage
from scripts.aws.sqs_queue import BatchOutcome, SqsQueue
from scripts.cli.signals import uninterrupted
from scripts.sending.journal import Journal, JournalEntry

SENDING, SENT, REFUSED = "sending", "sent", "refused"
BATCHES_AT_ONCE = 16


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

    def batches_at_once(self, most: int) -> int:
        """Return how many batches of that size make one second's messages, `most` at most."""
        if self._per_second is None:
            return most
        return max(1, min(most, int(self._per_second / self.batch_size(MAX_BATCH_ENTRIES))))

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

    @property
    def group_size(self) -> int:
        """The largest number of messages in a group."""
        limit = self.rate_limit
        return limit.batch_size(MAX_BATCH_ENTRIES) * limit.batches_at_once(BATCHES_AT_ONCE)

    def send(self, messages: Sequence[OutgoingMessage]) -> SendResult:
        """Send the messages that no earlier run has sent.

        Raises:
            ClientError, BotoCoreError: SQS took a batch not at all; a later run goes on from here.
        """
        known = self.journal.find(message.item for message in messages)
        result = SendResult(earlier={item for item, entry in known.items() if entry.step not in (SENDING, REFUSED)})
        most = self.rate_limit.batch_size(MAX_BATCH_ENTRIES)
        to_send = batches((message for message in messages if message.item not in result.earlier), most)
        for group in chunks(to_send, self.rate_limit.batches_at_once(BATCHES_AT_ONCE)):
            result.add(self._send_group(group))
        unsure = {item for item, entry in known.items() if entry.step == SENDING}
        result.maybe_twice = unsure & set(result.new_ids)
        return result

    def _send_group(self, group: Sequence[Sequence[OutgoingMessage]]) -> SendResult:
        """Send batches at once, each when the rate limit allows it."""
        result = SendResult()
        with uninterrupted():
            whole = [message for batch in group for message in batch]
            self.journal.record(JournalEntry(message.item, SENDING, message.document) for message in whole)
            calls = self._call(group)
            for batch, call in zip(group, calls, strict=True):
                if not call.exception():
                    result.add(_batch_result(batch, call.result()))
            answered = result.arrived | set(result.refused)
            self.journal.record(self._entry(message, result) for message in whole if message.item in answered)
        for call in calls:
            call.result()  # raises a failed call's error
        return result

    def _call(self, group: Sequence[Sequence[OutgoingMessage]]) -> list[Future[BatchOutcome]]:
        """Return the ended calls of a group."""
        calls = []
        with ThreadPoolExecutor(len(group)) as threads:
            for batch in group:
                self.rate_limit.wait_for(len(batch))
                calls.append(threads.submit(self.queue.send, [message.message for message in batch]))
        return calls

    def _entry(self, message: OutgoingMessage, result: SendResult) -> JournalEntry:
        if message.item in result.refused:
            return JournalEntry(message.item, REFUSED, {**message.document, "error": result.refused[message.item]})
        arrival = {"to": self.queue.url, "new_id": result.new_ids[message.item]}
        return JournalEntry(message.item, SENT, {**message.document, **arrival})


def _batch_result(batch: Sequence[OutgoingMessage], outcome: BatchOutcome) -> SendResult:
    return SendResult(
        new_ids={batch[position].item: new_id for position, new_id in outcome.done.items()},
        refused={batch[position].item: code for position, code in outcome.failed.items()},
    )


def batches(messages: Iterable[OutgoingMessage], most: int = MAX_BATCH_ENTRIES) -> Iterator[list[OutgoingMessage]]:
    """Cut messages into SQS batches: at most ten and 256 KiB; a larger message goes alone."""
    batch: list[OutgoingMessage] = []
    size_bytes = 0
    for message in messages:
        if batch and (len(batch) == most or size_bytes + message.message.size_bytes > MAX_BATCH_BYTES):
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
