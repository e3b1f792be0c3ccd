"""Processes a batch of messages in parallel: while one photo is decoded, others are downloaded and uploaded.

Messages that return after an invocation may have crashed with them come last and one at a time: each may be the one
that takes the whole function down (out of memory, killed). In such a batch every message that is done is acknowledged
at once. So when the function crashes again, only the message in process returns.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from handlers.message_handler import MessageHandler, out_of_time
from handlers.reporting import logger
from handlers.settled_messages import MessageResult, SettledMessages, left_to_the_queue
from handlers.sqs_message import Message
from handlers.time_budget import Deadline, TimeBudget

# One thread a message: threads only wait, for S3 or for a worker. Memory and disk are bounded by their budgets.
MAX_THREADS = 16


def split_possible_crashers(messages: Sequence[Message], seconds_left: float) -> tuple[list[Message], list[Message]]:
    """Split a batch into messages that an earlier invocation may have crashed with, and others."""
    now = time.time()
    crashers = [message for message in messages if message.may_have_crashed(now=now, timeout_seconds=seconds_left)]
    return crashers, [message for message in messages if message not in crashers]


class Batch:
    """The messages of one invocation; their threads start at once.

    Args:
        may_have_crashed: messages that an earlier invocation may have crashed with.
        others: the rest.
        handler: processes one message, in a thread.
        settled: settles them.
        time_budget: of the invocation.
    """

    def __init__(
        self,
        may_have_crashed: Sequence[Message],
        others: Sequence[Message],
        handler: MessageHandler,
        settled: SettledMessages,
        time_budget: TimeBudget,
    ) -> None:
        self._messages = [*may_have_crashed, *others]
        self._handler = handler
        self._settled = settled
        self._time_budget = time_budget
        self._cleanup: DeadlineCleanup | None = None
        self._threads = ThreadPoolExecutor(max_workers=min(MAX_THREADS, max(1, len(self._messages))))
        # The message that was deferred most often comes first, and others leave possible crashers half of the time.
        handler = handler.with_half_the_time() if may_have_crashed else handler
        for message in sorted(others, key=lambda message: message.receive_count, reverse=True):
            self._threads.submit(self._handle, message, handler)
        if may_have_crashed:
            self._threads.submit(self._handle_one_by_one, may_have_crashed, others)

    def result(self, message: Message) -> MessageResult:
        """Wait until a message is settled, or its cleanup after the deadline has ended."""
        try:
            return self._wait_for(message) or left_to_the_queue(message)
        except Exception:  # noqa: BLE001 (an unexpected failure of one message must not fail the batch)
            logger.exception("Message not settled", message_id=message.message_id)
            return left_to_the_queue(message)

    def close(self) -> None:
        """Release the threads; one that hangs in a call to AWS ends with that call's own timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _wait_for(self, message: Message) -> MessageResult | None:
        result = self._settled.result(message, self._handler.deadline.later(self._time_budget.landing_seconds))
        if result:
            return result
        if self._cleanup is None:
            unsettled = [message for message in self._messages if not self._settled.is_settled(message)]
            self._cleanup = DeadlineCleanup(unsettled, self._settled, self._time_budget)
        return self._settled.result(message, self._cleanup.deadline)

    def _handle_one_by_one(self, crashers: Sequence[Message], others: Sequence[Message]) -> None:
        deadline, budget = self._handler.deadline, self._time_budget
        self._settled.wait(others, deadline)
        # The message in process stays hidden for the longest, so that after a crash it returns last.
        waiting_seconds = deadline.seconds_left + budget.grace_seconds
        for place, message in enumerate(crashers[1:]):
            self._settled.hide(message, waiting_seconds + place * budget.stagger_seconds)
        for message in crashers:
            if not deadline.is_over:
                self._settled.hide(message, waiting_seconds + len(crashers) * budget.stagger_seconds)
            self._handle(message, self._handler)

    def _handle(self, message: Message, handler: MessageHandler) -> None:
        try:
            self._settled.settle(message, handler.handle(message))
        except BaseException as error:
            self._settled.fail(message, error)
            raise


class DeadlineCleanup:
    """Settles messages that were not settled in time, side by side, so that the function meets its own timeout.

    Args:
        messages: those without a result.
        settled: settles them.
        time_budget: of the invocation.

    Attributes:
        deadline: the end of the cleanup.
    """

    def __init__(self, messages: Sequence[Message], settled: SettledMessages, time_budget: TimeBudget) -> None:
        self.deadline = Deadline.after(time_budget.cleanup_seconds)
        threads = ThreadPoolExecutor(max_workers=MAX_THREADS)
        for message in messages:
            threads.submit(settled.settle, message, out_of_time(message))
        threads.shutdown(wait=False)
