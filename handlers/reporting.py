"""Tells the world about a batch: a digest for people and machines, metrics for alarms, log lines for who looks."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from handlers.observability import logger, metrics
from processing.digest.message import DigestBatch, summarise
from processing.outcomes import Outcome, RecordResult

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

METRIC_NAMES = {outcome: "".join(word.capitalize() for word in outcome.split("-")) for outcome in Outcome}
DIGEST_NOT_SENT = "DigestNotSent"


@dataclass(frozen=True, kw_only=True)
class Announcer:
    """Announces what became of a batch.

    Attributes:
        sns: an SNS client.
        topic_arn: the digest topic.
        stage: the deployment's stage.
    """

    sns: "SNSClient"
    topic_arn: str
    stage: str

    def announce(self, results: Sequence[RecordResult], request_id: str) -> None:
        """Logs, counts and sends; what cannot be told never fails the batch."""
        try:
            for result in results:
                log_result(result)
            count_outcomes(results)
            if results:
                self._send_digest(results, request_id)
            metrics.flush_metrics()
        except Exception:  # noqa: BLE001 (the photos are done: whatever is wrong with telling of them comes second)
            logger.exception("Batch not announced")

    def _send_digest(self, results: Sequence[RecordResult], request_id: str) -> None:
        try:
            digest = summarise(DigestBatch(self.stage, request_id, tuple(results)))
            self.sns.publish(
                TopicArn=self.topic_arn,
                Subject=digest.subject,
                Message=digest.message,
                MessageStructure="json",
                MessageAttributes=digest.attributes,  # type: ignore[arg-type]
            )
        except Exception as error:  # noqa: BLE001 (as above, and it is counted)
            logger.error("Digest not sent", error=type(error).__name__)
            metrics.add_metric(DIGEST_NOT_SENT, MetricUnit.Count, 1)


def log_result(result: RecordResult) -> None:
    """One JSON line per S3 record."""
    logger.info(
        "Record settled",
        message_id=result.message_id,
        key=result.source.key if result.source else None,
        outcome=result.outcome,
        code=result.code,
        detail=result.detail,
        milliseconds=result.milliseconds,
        bytes_in=result.bytes_in,
        bytes_out=result.bytes_out,
    )


def count_outcomes(results: Sequence[RecordResult]) -> None:
    """Counts every outcome, zeros included: an alarm on a metric that is never sent stays silent."""
    counts = Counter(result.outcome for result in results)
    for outcome, name in METRIC_NAMES.items():
        metrics.add_metric(name, MetricUnit.Count, counts[outcome])
    metrics.add_metric("BytesIn", MetricUnit.Bytes, sum(result.bytes_in for result in results))
    metrics.add_metric("BytesOut", MetricUnit.Bytes, sum(result.bytes_out for result in results))
