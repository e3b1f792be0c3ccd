"""What the function does to messages besides acknowledging them: hide them, or give them up with a reason."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from handlers.observability import logger
from handlers.sqs_message import Message
from processing.dead_letter import reason_attributes
from processing.failures import DarkroomError
from processing.outcomes import SourceObject

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

# Amazon SQS Developer Guide, "Visibility timeout": 12 hours from when it was received; some of them have passed.
MAX_HIDDEN_SECONDS = 11 * 3600


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The source queue and its DLQ.

    Attributes:
        connect: answers an SQS client; asked late, because photos that succeed need none.
        queue_url: the queue that feeds the function.
        dead_letter_queue_url: where messages go that are given up.
        retry_base_seconds: backoff after the first receive; doubles with each further one.
        retry_max_seconds: the longest backoff.
    """

    connect: Callable[[], "SQSClient"]
    queue_url: str
    dead_letter_queue_url: str
    retry_base_seconds: int
    retry_max_seconds: int

    def back_off(self, message: Message) -> None:
        """Hides a message for an exponential backoff with jitter; the batch item failure then brings it back."""
        ceiling = min(self.retry_max_seconds, self.retry_base_seconds * 2 ** (message.receive_count - 1))
        # Between half and all of it, so that a burst that failed together does not come back together.
        self._hide(message, round(random.uniform(ceiling / 2, ceiling)))  # noqa: S311 (jitter, not a secret)

    def show_at_once(self, message: Message) -> None:
        """Makes a message visible at once, for the next batch to take."""
        self._hide(message, 0)

    def hide(self, message: Message, seconds: float) -> None:
        """Hides a message for so long from now on."""
        self._hide(message, min(round(seconds), MAX_HIDDEN_SECONDS))

    def acknowledge(self, message: Message) -> None:
        """Deletes a message now, instead of with its batch: it must not come back if the function dies after it."""
        try:
            self.connect().delete_message(QueueUrl=self.queue_url, ReceiptHandle=message.receipt_handle)
        except (ClientError, BotoCoreError) as error:
            # The batch's own acknowledgement follows; if that is lost too, the message comes back as a duplicate.
            logger.warning("Not acknowledged at once", message_id=message.message_id, error=type(error).__name__)

    def _hide(self, message: Message, seconds: int) -> None:
        try:
            self.connect().change_message_visibility(
                QueueUrl=self.queue_url, ReceiptHandle=message.receipt_handle, VisibilityTimeout=seconds
            )
        except (ClientError, BotoCoreError) as error:
            # Only the waiting time is lost: the message comes back after the queue's own visibility timeout.
            logger.warning("Visibility unchanged", message_id=message.message_id, error=type(error).__name__)

    def dead_letter(
        self, message: Message, body: str, source: SourceObject | None, failure: DarkroomError, request_id: str
    ) -> bool:
        """Sends a message to the DLQ with its reason; answers whether SQS took it."""
        reason = reason_attributes(
            code=failure.code,
            detail=failure.detail,
            bucket=source.bucket if source else "",
            key=source.key if source else "",
            etag=source.etag if source else "",
            attempts=message.receive_count,
            first_seen=message.first_sent,
            request_id=request_id,
            message_id=message.message_id,
        )
        try:
            self.connect().send_message(
                QueueUrl=self.dead_letter_queue_url,
                MessageBody=body,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in reason.items()
                },
            )
        except (ClientError, BotoCoreError) as error:
            logger.error("Dead letter not sent", message_id=message.message_id, error=type(error).__name__)
            return False
        return True
