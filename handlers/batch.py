"""A batch of messages in work side by side: while one photo is decoded, others are fetched and stored.

A message that comes back after an invocation may have died with it is a suspect: it may be the one that takes the
whole function down (out of memory, killed). Suspects come last and one at a time, and in their company every success is
acknowledged at once. So when the function dies again, the suspect in work takes nobody with it.
"""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress

from handlers.message_handler import MessageHandler, Verdict
from handlers.source_queue import Queue
from handlers.sqs_message import Message
from handlers.time_budget import Deadline
from processing.outcomes import RecordResult

# One thread a message: threads only wait, for S3 or for a worker. Memory and disk are bounded by their budgets.
MAX_THREADS = 16
# Suspects stay hidden this much longer one than the other, and the one in work for the longest: after a death each
# comes back by itself, so that several deadly photos in one batch do not use up the others' attempts.
HEAD_START_SECONDS = 60.0
# After the deadline, an invocation that lives has settled everything.
GRACE_SECONDS = 15.0
# A request that is under way at the deadline may land: what is all stored then is done.
LANDING_SECONDS = 0.5
# What did not end in time is settled by then, or left to the queue's visibility timeout.
LAST_WORDS_SECONDS = 3.0


class MessageNotDoneError(Exception):
    """The message must come back; raised for Powertools, which makes a batch item failure of it."""


class Batch:
    """The messages of one invocation. Work starts at once; `settle` waits for one message's verdict.

    Args:
        messages: what the event source mapping handed over.
        handler: handles one message, in a thread.
        queue: where the messages came from.
        timeout_seconds: until Lambda ends the invocation.
    """

    def __init__(
        self, messages: Sequence[Message], handler: MessageHandler, queue: Queue, timeout_seconds: float
    ) -> None:
        self.results: list[RecordResult] = []
        self._handler = handler
        self._queue = queue
        self._messages = {message.message_id: message for message in messages}
        self._verdicts: dict[str, Future[Verdict | None]] = {message.message_id: Future() for message in messages}
        self._last_words: LastWords | None = None
        self._threads = ThreadPoolExecutor(max_workers=min(MAX_THREADS, max(1, len(messages))))
        now = time.time()
        suspects = [message for message in messages if message.is_suspect(now=now, timeout_seconds=timeout_seconds)]
        self._start([message for message in messages if message not in suspects], suspects)

    def settle(self, message_id: str) -> None:
        """Waits until a message is handled or the batch's time is over.

        Raises:
            MessageNotDoneError: it must come back.
        """
        verdict = self._verdict(message_id)
        self.results.extend(verdict.results)
        if not verdict.is_done:
            raise MessageNotDoneError(message_id)

    def close(self) -> None:
        """Lets go of the threads; one that hangs in a call to AWS is left to that call's own timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _start(self, innocents: Sequence[Message], suspects: Sequence[Message]) -> None:
        # Who was deferred most often goes first; and innocents leave the suspects their part of the time.
        handler = self._handler.with_half_the_time() if suspects else self._handler
        for message in sorted(innocents, key=lambda message: message.receive_count, reverse=True):
            self._threads.submit(self._handle, message, handler, acknowledge=bool(suspects))
        if suspects:
            self._threads.submit(self._handle_one_by_one, suspects, [m.message_id for m in innocents])

    def _handle_one_by_one(self, suspects: Sequence[Message], after: Sequence[str]) -> None:
        wait([self._verdicts[message_id] for message_id in after], timeout=self._handler.deadline.seconds_left)
        waiting_seconds = self._handler.deadline.seconds_left + GRACE_SECONDS
        for place, suspect in enumerate(suspects[1:]):
            self._queue.hide(suspect, waiting_seconds + place * HEAD_START_SECONDS)
        for suspect in suspects:
            if not self._handler.deadline.is_over:
                self._queue.hide(suspect, waiting_seconds + len(suspects) * HEAD_START_SECONDS)
            self._handle(suspect, self._handler, acknowledge=True)

    def _handle(self, message: Message, handler: MessageHandler, *, acknowledge: bool) -> None:
        """Handles one message; whatever happens, its verdict is there afterwards."""
        try:
            verdict = handler.handle(message)
            if acknowledge and verdict and verdict.is_done:
                self._queue.acknowledge(message)
            self._verdicts[message.message_id].set_result(verdict)
        except BaseException as error:
            self._verdicts[message.message_id].set_exception(error)
            raise

    def _verdict(self, message_id: str) -> Verdict:
        in_time = self._wait_for(message_id, self._handler.deadline.later(LANDING_SECONDS))
        if in_time:
            return in_time
        if self._last_words is None:
            self._last_words = LastWords(self._unfinished(), self._handler)
        message, words = self._messages[message_id], self._last_words
        return words.verdict(message) or self._wait_for(message_id, words.deadline) or self._handler.leave(message)

    def _wait_for(self, message_id: str, deadline: Deadline) -> Verdict | None:
        """What the thread that works on a message makes of it; None when it does not end in time."""
        with suppress(FutureTimeoutError):
            return self._verdicts[message_id].result(timeout=deadline.seconds_left)
        return None

    def _unfinished(self) -> list[Message]:
        return [self._messages[message_id] for message_id, verdict in self._verdicts.items() if not verdict.done()]


class LastWords:
    """Settles what did not end in time, all at once and not for long: the function must not run into its own timeout.

    Args:
        messages: the ones without a verdict.
        handler: settles each, in a thread.

    Attributes:
        deadline: until when this may take.
    """

    def __init__(self, messages: Sequence[Message], handler: MessageHandler) -> None:
        self.deadline = Deadline.after(LAST_WORDS_SECONDS)
        threads = ThreadPoolExecutor(max_workers=MAX_THREADS)
        self._verdicts = {message.message_id: threads.submit(handler.abandon, message) for message in messages}
        threads.shutdown(wait=False)

    def verdict(self, message: Message) -> Verdict | None:
        """What became of a message; None when it settles itself, or when there was no time to settle it."""
        try:
            return self._verdicts[message.message_id].result(timeout=self.deadline.seconds_left)
        except (FutureTimeoutError, KeyError):
            return None
