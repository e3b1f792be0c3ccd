"""The Lambda function behind a schedule: the batch digests of the last minutes as one message to the summary topic.

People subscribe to that one, because SNS sends at most 10 e-mails a second and switches a subscription off that gets
more. A queue subscribed to the digest topic collects meanwhile. Its visibility timeout must be longer than this
function's timeout, or a digest comes again while it is being summed up.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from handlers.clients import make_client
from handlers.observability import logger
from handlers.settings import SettingsError
from processing.digest.json_records import UnreadableDigestError
from processing.digest.message import DigestMessage
from processing.digest.roll_up import BatchDigest, combine

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

# Digests held at once; more make a second message. With 500 of ten photos each the process takes 65 MB, with 500 of
# the largest that SNS carries 180 MB.
MAX_DIGESTS = 500
SQS_BATCH = 10  # Amazon SQS: most messages that one ReceiveMessage or DeleteMessageBatch takes
WAIT_SECONDS = 2  # a long poll asks all of SQS's servers; a short one may find nothing where something is
RESERVED_MILLISECONDS = 10_000  # kept free for publishing and deleting; the function's timeout must be well above it
CLIENT_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})


@dataclass(frozen=True, kw_only=True)
class RollUpSettings:
    """What the function needs to know.

    Attributes:
        stage: the deployment's stage.
        queue_url: the queue that collects the digests.
        topic_arn: the summary topic.
    """

    stage: str
    queue_url: str
    topic_arn: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "RollUpSettings":
        """Reads `STAGE`, `ROLL_UP_QUEUE_URL` and `SUMMARY_TOPIC_ARN`.

        Raises:
            SettingsError: one line for each variable that is missing or wrong.
        """
        stage, queue_url, topic_arn = (
            environment.get(name, "").strip() for name in ("STAGE", "ROLL_UP_QUEUE_URL", "SUMMARY_TOPIC_ARN")
        )
        mistakes = [] if stage else ["STAGE is missing"]
        if not queue_url.startswith(("https://", "http://")):
            mistakes.append(f"ROLL_UP_QUEUE_URL={queue_url!r} is not the URL of a queue")
        if not topic_arn.startswith("arn:") or ":sns:" not in topic_arn:
            mistakes.append(f"SUMMARY_TOPIC_ARN={topic_arn!r} is not the ARN of a topic")
        if mistakes:
            raise SettingsError("The roll-up is misconfigured:\n- " + "\n- ".join(mistakes))
        return cls(stage=stage, queue_url=queue_url, topic_arn=topic_arn)


@dataclass(frozen=True, kw_only=True)
class Collected:
    """One message from the collecting queue.

    Attributes:
        receipt_handle: what deletes it.
        sent_at: milliseconds since 1970; the queue itself has no order.
        digest: what it says; None when it cannot be read.
    """

    receipt_handle: str
    sent_at: int
    digest: BatchDigest | None


@dataclass(frozen=True, kw_only=True)
class RollUp:
    """Collects, sums up, publishes and only then deletes."""

    sqs: "SQSClient"
    sns: "SNSClient"
    settings: RollUpSettings

    def run(self, has_time: Callable[[], bool]) -> dict[str, int]:
        """Sends one message for every `MAX_DIGESTS` digests, until the queue is empty or time runs low.

        Returns:
            How many digests were collected, how many of them could not be read, how many messages were sent.
        """
        done = {"collected": 0, "unreadable": 0, "sent": 0}
        while collected := self._collect(has_time):
            unreadable = sum(message.digest is None for message in collected)
            digests = [message.digest for message in collected if message.digest]
            self._publish(combine(digests, stage=self.settings.stage, unreadable=unreadable))
            self._delete(collected)
            done["collected"] += len(collected)
            done["unreadable"] += unreadable
            done["sent"] += 1
            if len(collected) < MAX_DIGESTS:
                break
        return done

    def _collect(self, has_time: Callable[[], bool]) -> list[Collected]:
        """Up to `MAX_DIGESTS` messages, in the order in which they were sent."""
        collected: dict[str, Collected] = {}  # by message id: of one that came twice, the newer handle deletes it
        while len(collected) < MAX_DIGESTS and has_time():
            messages = self.sqs.receive_message(
                QueueUrl=self.settings.queue_url,
                MaxNumberOfMessages=min(SQS_BATCH, MAX_DIGESTS - len(collected)),
                MessageSystemAttributeNames=["SentTimestamp"],
                WaitTimeSeconds=WAIT_SECONDS,
            ).get("Messages", [])
            if not messages:
                break
            collected |= {message["MessageId"]: _read(message) for message in messages}
        return sorted(collected.values(), key=lambda message: message.sent_at)

    def _publish(self, summary: DigestMessage) -> None:
        self.sns.publish(
            TopicArn=self.settings.topic_arn,
            Subject=summary.subject,
            Message=summary.message,
            MessageStructure="json",
            MessageAttributes={
                name: {"DataType": attribute["DataType"], "StringValue": attribute["StringValue"]}
                for name, attribute in summary.attributes.items()
            },
        )

    def _delete(self, collected: Sequence[Collected]) -> None:
        for start in range(0, len(collected), SQS_BATCH):
            response = self.sqs.delete_message_batch(
                QueueUrl=self.settings.queue_url,
                Entries=[
                    {"Id": str(position), "ReceiptHandle": message.receipt_handle}
                    for position, message in enumerate(collected[start : start + SQS_BATCH])
                ],
            )
            for failed in response.get("Failed", []):  # what stays is told of once more, which is better than never
                logger.warning("Digest not deleted", code=failed["Code"])


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 - Lambda's own form
    """Sums up what was collected since the last run; when nothing was, nothing is sent.

    A failure to publish is raised, for the function's error alarm: nothing is deleted, the next run tells of it.

    Args:
        event: the schedule's, not used.
        context: Lambda's.

    Returns:
        `{"collected": digests, "unreadable": of these, "sent": messages}`.

    Raises:
        SettingsError: the environment is wrong.
        ClientError: SQS or SNS refused.
    """
    done = _roll_up().run(lambda: context.get_remaining_time_in_millis() > RESERVED_MILLISECONDS)
    logger.info("Rolled up", extra=done)
    return done


@cache
def _roll_up() -> RollUp:
    settings = RollUpSettings.from_environment(os.environ)
    return RollUp(
        sqs=make_client("sqs", CLIENT_CONFIG),
        sns=make_client("sns", CLIENT_CONFIG),
        settings=settings,
    )


def _read(message: "MessageTypeDef") -> Collected:
    return Collected(
        receipt_handle=message["ReceiptHandle"],
        sent_at=int(message.get("Attributes", {}).get("SentTimestamp", "0")),
        digest=_read_digest(message),
    )


def _read_digest(message: "MessageTypeDef") -> BatchDigest | None:
    try:
        return BatchDigest.from_body(message["Body"])
    except UnreadableDigestError as error:
        logger.warning(
            "Unreadable digest", message_id=message["MessageId"], reason=str(error), body=message["Body"][:500]
        )
        return None
