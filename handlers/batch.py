"""A batch of messages in work side by side: while one photo is decoded, others are fetched and stored."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError

from handlers.message_handler import MessageHandler, Verdict
from handlers.messages import Message
from processing.outcomes import RecordResult

# One thread a message: threads only wait, for S3 or for a worker. Memory and disk are bounded by their budgets.
MAX_THREADS = 16


class MessageNotDoneError(Exception):
    """The message must come back; raised for Powertools, which makes a batch item failure of it."""


class Batch:
    """The messages of one invocation. Work starts at once; `settle` waits for one message's verdict.

    Args:
        messages: what the event source mapping handed over.
        handler: handles one message, in a thread.
    """

    def __init__(self, messages: Sequence[Message], handler: MessageHandler) -> None:
        self.results: list[RecordResult] = []
        self._handler = handler
        self._messages = {message.message_id: message for message in messages}
        self._threads = ThreadPoolExecutor(max_workers=min(MAX_THREADS, max(1, len(messages))))
        self._verdicts = {message.message_id: self._threads.submit(handler.handle, message) for message in messages}

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

    def _verdict(self, message_id: str) -> Verdict:
        try:
            return self._verdicts[message_id].result(timeout=self._handler.deadline.seconds_left)
        except FutureTimeoutError:
            return self._handler.abandon(self._messages[message_id])
