"""Processes a batch of messages in parallel: while one photo is decoded, others are downloaded and uploaded.

Messages that return after an invocation may have crashed with them come last and one at a time: each may crash
the function (out of memory, killed). In such a batch every message that is done is acknowledged
at once. So when the function crashes again, only the message in process returns.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from handlers.message_handler import MessageHandler, out_of_time
from handlers.reporting import logger
from handlers.settled_messages import MessageResult, SettledMessages, unsettled_result
from handlers.sqs_message import Message
from handlers.time_budget import Deadline, TimeBudget

# One thread a message: threads only wait, for S3 or for a worker. Memory and disk are bounded by their budgets.
MAX_THREADS = 16


class Batch:
    """The messages of one invocation; their threads start at once."""

    def __init__(
        self,
        may_have_crashed: Sequence[Message],
        others: Sequence[Message],
        handler: MessageHandler,
        settled: SettledMessages,
        time_budget: TimeBudget,
    ) -> None:
        self._messages = [*may_have_crashed, *others]
        self._deadline = handler.deadline
        self._settled = settled
        self._time_budget = time_budget
        self._cleanup: DeadlineCleanup | None = None
        self._threads = ThreadPoolExecutor(max_workers=min(MAX_THREADS, max(1, len(self._messages))))
        # Others leave possible crashers half of the time; of them, those that were deferred most often come first.
        handler_of_others = handler.with_half_the_time() if may_have_crashed else handler
        for message in sorted(others, key=lambda message: message.receive_count, reverse=True):
            self._threads.submit(self._handle, message, handler_of_others)
        if may_have_crashed:
            self._threads.submit(self._handle_one_by_one, may_have_crashed, others, handler)

    def result(self, message: Message) -> MessageResult:
        """Wait until a message is settled, or its cleanup after the deadline has ended."""
        try:
            result = self._settled.result(message, self._deadline.later(self._time_budget.in_flight_seconds))
            if result is None:
                self._cleanup = self._cleanup or DeadlineCleanup(self._messages, self._settled, self._time_budget)
                result = self._settled.result(message, self._cleanup.deadline)
            return result or unsettled_result(message)
        except Exception:  # noqa: BLE001 (an unexpected failure of one message must not fail the batch)
            logger.exception("Message not settled", message_id=message.message_id)
            return unsettled_result(message)

    def close(self) -> None:
        """Release the threads; one that hangs in a call to AWS ends with that call's own timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _handle_one_by_one(
        self, crashers: Sequence[Message], others: Sequence[Message], handler: MessageHandler
    ) -> None:
        self._settled.wait(others, self._deadline)
        # The message in process stays hidden for the longest, so that after a crash it returns last.
        waiting_seconds = self._deadline.seconds_left + self._time_budget.grace_seconds
        stagger_seconds = self._time_budget.stagger_seconds
        for place, message in enumerate(crashers[1:]):
            self._settled.hide(message, waiting_seconds + place * stagger_seconds)
        for message in crashers:
            if not self._deadline.is_over:
                self._settled.hide(message, waiting_seconds + len(crashers) * stagger_seconds)
            self._handle(message, handler)

    def _handle(self, message: Message, handler: MessageHandler) -> None:
        try:
            self._settled.settle(message, handler.handle(message))
        except BaseException as error:
            self._settled.fail(message, error)
            raise


class DeadlineCleanup:
    """Settles messages that were not settled in time, in parallel and until its own `deadline`."""

    def __init__(self, messages: Sequence[Message], settled: SettledMessages, time_budget: TimeBudget) -> None:
        self.deadline = Deadline.after(time_budget.cleanup_seconds)
        threads = ThreadPoolExecutor(max_workers=MAX_THREADS)
        for message in messages:
            threads.submit(settled.settle, message, out_of_time(message))  # no effect on settled ones
        threads.shutdown(wait=False)
