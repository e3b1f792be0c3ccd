"""The Lambda function that publishes collected digests as one summary per run.

People subscribe to the summary topic, because SNS sends at most 10 e-mails a second and deactivates a subscription
that receives more. Meanwhile a queue subscribed to the digest topic collects the digests.

A run receives what was sent before it began, publishes one summary, and only then deletes. Received digests are hidden
until shortly after the run's timeout: after a crash a later run receives them again, and marks them as repeated,
because the crash may have come after publishing.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from handlers.clients import ClientFactory, make_client
from handlers.digest_queue import THREADS, DigestQueue, parse_digest, sent_ms, was_received_before
from handlers.reporting import logger, publish
from handlers.settings import RollUpSettings
from processing.digest.message import DigestMessage
from processing.digest.roll_up import RollUpWindow

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

CLIENT_CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=THREADS,
)
_AFTER_TIMEOUT_SECONDS = 5  # messages stay hidden for so much longer than the function can run


@dataclass(frozen=True, kw_only=True)
class RollUp:
    """Receives digests, publishes a summary, and only then deletes them."""

    digests: DigestQueue
    sns: "SNSClient"
    settings: RollUpSettings
    # Of one summary; the next one has the rest. 50,000 digests of ten photos need 250 MB of memory.
    max_digests: int = 50_000

    @classmethod
    def build(cls, environment: Mapping[str, str], make_client: ClientFactory) -> "RollUp":
        """Build the roll-up from its environment; raise SettingsError naming every mistake."""
        settings = RollUpSettings.from_environment(environment)
        digests = DigestQueue(make_client("sqs", CLIENT_CONFIG), settings.queue_url)
        return cls(digests=digests, sns=make_client("sns", CLIENT_CONFIG), settings=settings)

    def run(self, milliseconds_left: Callable[[], float]) -> dict[str, int]:
        """Publish one summary of what was sent before now; half of the time is for receiving.

        The other half is enough to publish and to delete: deleting takes no more requests than receiving. What is left
        then waits for the next run, so that a window never gets a second summary.

        Returns:
            `{"collected": digests, "unreadable": and "repeated": of these, "sent": summaries, "left": 1 for some}`.
        """
        collected = _Collected()
        try:
            self._collect(collected, milliseconds_left)
        except (BotoCoreError, ClientError) as error:
            if not collected.handles:
                raise
            logger.warning("Receiving digests ended early", error=str(error))
            collected.has_more = True
        if collected.handles:
            publish(self.sns, self.settings.topic_arn, collected.message(self.settings.stage))
            self.digests.delete(collected.handles.values())
        return collected.counts

    def _collect(self, collected: "_Collected", milliseconds_left: Callable[[], float]) -> None:
        receive_until = milliseconds_left() / 2
        with closing(self.digests.receive(lambda: _hidden_seconds(milliseconds_left()))) as rounds:
            for messages in rounds:
                collected.add(messages)
                if len(collected.handles) >= self.max_digests or milliseconds_left() < receive_until:
                    collected.has_more = True
                    return


class _Collected:
    """The digests that a run has received: their totals, and the handles that delete them."""

    def __init__(self) -> None:
        self.handles: dict[str, str] = {}  # by message id: of a repeated message, the newer handle deletes it
        self.has_more = False
        self._window = RollUpWindow()
        self._unreadable = self._repeated = 0

    @property
    def counts(self) -> dict[str, int]:
        numbers = {"collected": len(self.handles), "unreadable": self._unreadable, "repeated": self._repeated}
        return {**numbers, "sent": int(bool(self.handles)), "left": int(self.has_more)}

    def add(self, messages: Sequence["MessageTypeDef"]) -> None:
        for message in messages:
            is_new = message["MessageId"] not in self.handles
            self.handles[message["MessageId"]] = message["ReceiptHandle"]
            if is_new:
                self._add_digest(message)

    def message(self, stage: str) -> DigestMessage:
        return self._window.message(stage=stage, unreadable=self._unreadable, has_more=self.has_more)

    def _add_digest(self, message: "MessageTypeDef") -> None:
        is_repeated, digest = was_received_before(message), parse_digest(message)
        self._repeated += is_repeated
        if digest:
            self._window.add(digest, sent_ms(message), is_repeated=is_repeated)
        else:
            self._unreadable += 1


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 - Lambda's own form
    """Publish a summary of the digests since the last run, if there are any; see `RollUp.run`.

    Raises:
        SettingsError: the environment is invalid.
        ClientError: SQS or SNS refused; what is not deleted is reported by a later run.
    """
    done = _roll_up().run(context.get_remaining_time_in_millis)
    logger.info("Roll-up finished", extra=done)
    return done


def _hidden_seconds(milliseconds_left: float) -> int:
    return max(0, int(milliseconds_left / 1000)) + _AFTER_TIMEOUT_SECONDS


@cache
def _roll_up() -> RollUp:
    return RollUp.build(os.environ, make_client)
