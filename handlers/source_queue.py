"""Calls SQS: changes the visibility of messages, deletes them, sends them to the DLQ with a reason."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from handlers.reporting import logger
from handlers.settings import Settings
from handlers.sqs_message import Message
from processing.dead_letter_attributes import reason_attributes
from processing.failures import DarkroomError
from processing.outcomes import SourceObject

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

# Amazon SQS Developer Guide, "Visibility timeout": at most 12 hours after the message was received.
MAX_HIDDEN_SECONDS = 11 * 3600


@dataclass(frozen=True)
class SourceQueue:
    """The queue that feeds the function, and its DLQ."""

    connect: Callable[[], "SQSClient"]  # called late, because photos that succeed need no client
    settings: Settings

    def back_off(self, message: Message) -> None:
        """Hide a message for an exponential backoff with jitter; it must be reported as a batch item failure."""
        ceiling = min(
            self.settings.retry_max_seconds, self.settings.retry_base_seconds * 2 ** (message.receive_count - 1)
        )
        # Between half and all of it, so that messages that failed together do not return together.
        self.hide(message, random.uniform(ceiling / 2, ceiling))  # noqa: S311 (jitter, not a secret)

    def release(self, message: Message) -> None:
        """Make a message visible at once, for the next batch."""
        self.hide(message, 0)

    def hide(self, message: Message, seconds: float) -> None:
        """Set a message's visibility timeout, counted from now."""
        try:
            self.connect().change_message_visibility(
                QueueUrl=self.settings.queue_url,
                ReceiptHandle=message.receipt_handle,
                VisibilityTimeout=min(round(seconds), MAX_HIDDEN_SECONDS),
            )
        except (ClientError, BotoCoreError) as error:
            # The message returns after the queue's own visibility timeout.
            logger.warning("Visibility unchanged", message_id=message.message_id, error=type(error).__name__)

    def acknowledge(self, message: Message) -> None:
        """Delete a message now, before its batch ends: it must not return if the function crashes after it."""
        try:
            self.connect().delete_message(QueueUrl=self.settings.queue_url, ReceiptHandle=message.receipt_handle)
        except (ClientError, BotoCoreError) as error:
            # The event source mapping deletes it with its batch; if that fails too, it returns as a duplicate.
            logger.warning("Not acknowledged at once", message_id=message.message_id, error=type(error).__name__)

    def dead_letter(
        self, message: Message, body: str, source: SourceObject | None, failure: DarkroomError, request_id: str
    ) -> bool:
        """Send a body to the DLQ with the reason; return False when SQS did not take it."""
        reason = reason_attributes(
            failure,
            source,
            attempts=message.receive_count,
            first_seen=message.first_sent,
            request_id=request_id,
            message_id=message.message_id,
        )
        try:
            self.connect().send_message(
                QueueUrl=self.settings.dead_letter_queue_url,
                MessageBody=body,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in reason.items()
                },
            )
        except (ClientError, BotoCoreError) as error:
            logger.error("Dead letter not sent", message_id=message.message_id, error=type(error).__name__)
            return False
        return True
