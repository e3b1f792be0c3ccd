"""Settles messages: acknowledge, back off, release or dead-letter, and return the result to report.

No other module calls the source queue during an invocation.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from dataclasses import dataclass

from handlers.message_handler import Attempt, out_of_time
from handlers.source_queue import SourceQueue
from handlers.sqs_message import Message
from handlers.time_budget import Deadline
from processing.message_outcome import Disposition, decide
from processing.outcomes import RecordResult


@dataclass(frozen=True)
class MessageResult:
    """The result of a settled message.

    Attributes:
        results: one per S3 record; a single one without a source for a malformed message.
        is_done: the message is acknowledged; otherwise it becomes a batch item failure.
    """

    results: tuple[RecordResult, ...]
    is_done: bool


class SettledMessages:
    """The messages of one invocation, each settled once: settling twice could dead-letter a photo twice.

    Args:
        messages: all of them.
        queue: the source queue and its DLQ.
        request_id: the Lambda request, for dead letters.
        acknowledge_at_once: delete each message when it is done, because the function may crash before the batch ends.
    """

    def __init__(
        self, messages: Sequence[Message], queue: SourceQueue, request_id: str, *, acknowledge_at_once: bool
    ) -> None:
        self._queue = queue
        self._request_id = request_id
        self._acknowledge_at_once = acknowledge_at_once
        self._results: dict[str, Future[MessageResult]] = {message.message_id: Future() for message in messages}
        self._claimed: set[str] = set()
        self._lock = threading.Lock()

    def settle(self, message: Message, attempts: Sequence[Attempt]) -> None:
        """Settle a message, unless another thread has begun to."""
        if self._claim(message):
            disposition = self._carry_out(message, attempts)
            self._results[message.message_id].set_result(_result(message, attempts, disposition))

    def fail(self, message: Message, error: BaseException) -> None:
        """Make `result` raise an error for a message whose thread ends with it."""
        with suppress(InvalidStateError):  # it has a result already
            self._results[message.message_id].set_exception(error)

    def result(self, message: Message, deadline: Deadline) -> MessageResult | None:
        """Wait for the result of a message; return None when it is not settled before the deadline."""
        with suppress(TimeoutError):
            return self._results[message.message_id].result(deadline.seconds_left)
        return None

    def wait(self, messages: Sequence[Message], deadline: Deadline) -> None:
        """Wait until all these messages are settled or the deadline has passed."""
        wait([self._results[message.message_id] for message in messages], timeout=deadline.seconds_left)

    def hide(self, message: Message, seconds: float) -> None:
        """Hide a message that is not settled yet; see `SourceQueue.hide`."""
        self._queue.hide(message, seconds)

    def _claim(self, message: Message) -> bool:
        """Return True for the first caller only."""
        with self._lock:
            is_first = message.message_id not in self._claimed
            self._claimed.add(message.message_id)
            return is_first

    def _carry_out(self, message: Message, attempts: Sequence[Attempt]) -> Disposition:
        failures = [attempt.failure for attempt in attempts if attempt.failure]
        max_receive_count = self._queue.settings.max_receive_count
        disposition = decide(failures, receive_count=message.receive_count, max_receive_count=max_receive_count)
        if disposition is Disposition.DEAD_LETTER and not self._dead_letter(message, attempts):
            disposition = Disposition.BACK_OFF  # the message stays in the queue: only the reason may be lost
        if disposition is Disposition.BACK_OFF:
            self._queue.back_off(message)
        elif disposition is Disposition.RELEASE:
            self._queue.release(message)
        elif self._acknowledge_at_once:
            self._queue.acknowledge(message)
        return disposition

    def _dead_letter(self, message: Message, attempts: Sequence[Attempt]) -> bool:
        """Send a dead letter for each failed S3 record; return False when SQS did not take all of them."""
        sent = [
            self._queue.dead_letter(message, attempt.body, attempt.source, attempt.failure, self._request_id)
            for attempt in attempts
            if attempt.failure
        ]
        return all(sent)


def unsettled_result(message: Message) -> MessageResult:
    """Return the result of a message that is not settled: SQS delivers it after its visibility timeout."""
    return _result(message, out_of_time(message), Disposition.BACK_OFF)


def _result(message: Message, attempts: Sequence[Attempt], disposition: Disposition) -> MessageResult:
    results = tuple(attempt.report(message.message_id, disposition) for attempt in attempts)
    return MessageResult(results, disposition in (Disposition.ACKNOWLEDGE, Disposition.DEAD_LETTER))
