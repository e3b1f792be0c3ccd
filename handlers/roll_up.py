"""The Lambda function that publishes collected digests as one summary.

People subscribe to the summary topic, because SNS sends at most 10 e-mails a second and deactivates a subscription
that receives more. Meanwhile a queue subscribed to the digest topic collects the digests. Its visibility timeout must
be longer than this function's timeout, or a digest is received again before it is deleted.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from handlers.clients import ClientFactory, make_client
from handlers.digest_queue import DigestQueue, parse_digest
from handlers.reporting import logger, publish
from handlers.settings import RollUpSettings
from processing.digest.roll_up import combine

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

RESERVED_MILLISECONDS = 10_000  # for publishing and deleting; the function's timeout must be well above it
CLIENT_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})


@dataclass(frozen=True, kw_only=True)
class RollUp:
    """Receives digests, publishes a summary, and only then deletes them."""

    digests: DigestQueue
    sns: "SNSClient"
    settings: RollUpSettings
    # Of one summary. 500 digests of ten photos each take 65 MB of memory, 500 of the largest size 180 MB.
    max_digests: int = 500

    @classmethod
    def build(cls, environment: Mapping[str, str], make_client: ClientFactory) -> "RollUp":
        """Build the roll-up from its environment; raise SettingsError naming every mistake."""
        settings = RollUpSettings.from_environment(environment)
        digests = DigestQueue(make_client("sqs", CLIENT_CONFIG), settings.queue_url)
        return cls(digests=digests, sns=make_client("sns", CLIENT_CONFIG), settings=settings)

    def run(self, has_time: Callable[[], bool]) -> dict[str, int]:
        """Publish one summary for every `max_digests` digests, until the queue is empty or `has_time` is False.

        Returns:
            `{"collected": digests, "unreadable": of these, "sent": summaries}`.
        """
        done = {"collected": 0, "unreadable": 0, "sent": 0}
        while collected := self.digests.receive(self.max_digests, has_time):
            digests = [digest for message in collected if (digest := parse_digest(message))]
            unreadable = len(collected) - len(digests)
            summary = combine(digests, stage=self.settings.stage, unreadable=unreadable)
            publish(self.sns, self.settings.topic_arn, summary)
            self.digests.delete(collected)
            done["collected"] += len(collected)
            done["unreadable"] += unreadable
            done["sent"] += 1
            if len(collected) < self.max_digests:
                break
        return done


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 - Lambda's own form
    """Publish a summary of the digests since the last run, if there are any; see `RollUp.run`.

    Raises:
        SettingsError: the environment is invalid.
        ClientError: SQS or SNS refused; nothing is deleted, and the next run tries again.
    """
    done = _roll_up().run(lambda: context.get_remaining_time_in_millis() > RESERVED_MILLISECONDS)
    logger.info("Roll-up finished", extra=done)
    return done


@cache
def _roll_up() -> RollUp:
    return RollUp.build(os.environ, make_client)
