"""Receives batch digests from the queue that collects them for the roll-up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handlers.reporting import logger
from processing.digest.json_records import UnreadableDigestError
from processing.digest.roll_up import BatchDigest

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

SQS_BATCH = 10  # Amazon SQS: most messages that one ReceiveMessage or DeleteMessageBatch takes


@dataclass(frozen=True)
class DigestQueue:
    """The queue that is subscribed to the digest topic."""

    sqs: "SQSClient"
    queue_url: str
    wait_seconds: int = 2  # a long poll asks all of SQS's servers; a short poll may miss messages

    def receive(self, most: int, has_time: Callable[[], bool]) -> list["MessageTypeDef"]:
        """Receive up to `most` messages while there is time; return them in the order in which they were sent."""
        collected: dict[str, MessageTypeDef] = {}  # by message id: of a repeated message, the newer handle deletes it
        while len(collected) < most and has_time():
            messages = self.sqs.receive_message(
                QueueUrl=self.queue_url,
                MaxNumberOfMessages=min(SQS_BATCH, most - len(collected)),
                MessageSystemAttributeNames=["SentTimestamp"],
                WaitTimeSeconds=self.wait_seconds,
            ).get("Messages", [])
            if not messages:
                break
            collected |= {message["MessageId"]: message for message in messages}
        return sorted(collected.values(), key=lambda message: int(message.get("Attributes", {})["SentTimestamp"]))

    def delete(self, collected: Sequence["MessageTypeDef"]) -> None:
        """Delete messages; one that cannot be deleted is reported once more by the next run."""
        for start in range(0, len(collected), SQS_BATCH):
            response = self.sqs.delete_message_batch(
                QueueUrl=self.queue_url,
                Entries=[
                    {"Id": str(position), "ReceiptHandle": message["ReceiptHandle"]}
                    for position, message in enumerate(collected[start : start + SQS_BATCH])
                ],
            )
            for failed in response.get("Failed", []):
                logger.warning("Digest not deleted", code=failed["Code"])


def parse_digest(message: "MessageTypeDef") -> BatchDigest | None:
    """Parse a received digest; log a body that is not one and return None."""
    try:
        return BatchDigest.from_body(message["Body"])
    except UnreadableDigestError as error:
        logger.warning(
            "Unreadable digest", message_id=message["MessageId"], reason=str(error), body=message["Body"][:500]
        )
        return None
