"""Reports a batch: log lines, EMF metrics, SNS digest. Holds the logger of all handlers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from handlers.clients import SDK_VERSION
from handlers.settings import Settings
from processing.digest.message import DigestMessage, summarise
from processing.outcomes import Outcome, RecordResult
from processing.worker.sandbox import EXPECTED_LAYERS

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

# Outcomes that an alarm or the dashboard reads: each metric costs $0.30 a month. The log has the others.
METRIC_NAMES = {
    Outcome.PROCESSED: "Processed",
    Outcome.DEAD_LETTERED: "DeadLettered",
    Outcome.RETRYING: "Retrying",
    Outcome.EXHAUSTED: "Exhausted",
}
DIGEST_NOT_SENT = "DigestNotSent"
SANDBOX_INCOMPLETE = "SandboxIncomplete"

logger = Logger(utc=True)  # the service's name comes from POWERTOOLS_SERVICE_NAME


@dataclass(frozen=True, kw_only=True)
class Reporter:
    """Reports the results of a batch; its metrics are one EMF document."""

    sns: "SNSClient"
    settings: Settings
    metrics: Metrics

    def report(self, results: Sequence[RecordResult], request_id: str) -> None:
        """Log, count and publish; errors here never fail the batch."""
        try:
            for result in results:
                log_result(result)
            self._count(results)
            if results:
                self._publish_digest(results, request_id)
            self.metrics.flush_metrics()
        except Exception:  # reporting errors never fail the batch
            logger.exception("Batch not reported")

    def report_sandbox(self, layers: Mapping[str, bool]) -> None:
        """Log which layers of the workers' sandbox hold; count a container where an expected one does not."""
        logger.info("Worker sandbox", sandbox=layers, sdk=SDK_VERSION)
        is_complete = all(layers.get(layer) for layer in EXPECTED_LAYERS)
        self.metrics.add_metric(SANDBOX_INCOMPLETE, MetricUnit.Count, 0 if is_complete else 1)

    def _count(self, results: Sequence[RecordResult]) -> None:
        """Count outcomes, zeros included: an alarm needs data points."""
        counts = Counter(result.outcome for result in results)
        for outcome, name in METRIC_NAMES.items():
            self.metrics.add_metric(name, MetricUnit.Count, counts[outcome])

    def _publish_digest(self, results: Sequence[RecordResult], request_id: str) -> None:
        try:
            digest = summarise(self.settings.stage, request_id, tuple(results))
            publish(self.sns, self.settings.digest_topic_arn, digest)
        except Exception as error:  # noqa: BLE001 (must not fail the batch; the metric counts it)
            logger.error("Digest not sent", error=type(error).__name__)
            self.metrics.add_metric(DIGEST_NOT_SENT, MetricUnit.Count, 1)


def publish(sns: "SNSClient", topic_arn: str, digest: DigestMessage) -> None:
    """Publish a digest."""
    sns.publish(
        TopicArn=topic_arn,
        Subject=digest.subject,
        Message=digest.message,
        MessageStructure="json",
        MessageAttributes=digest.attributes,  # type: ignore[arg-type]
    )


def log_result(result: RecordResult) -> None:
    """Log one JSON line for an S3 record."""
    logger.info(
        "S3 record done",
        message_id=result.message_id,
        key=result.source.key if result.source else None,
        outcome=result.outcome,
        code=result.code,
        detail=result.detail,
        milliseconds=result.milliseconds,
        outputs=len(result.outputs),
        bytes_in=result.bytes_in,
        bytes_out=result.bytes_out,
    )
