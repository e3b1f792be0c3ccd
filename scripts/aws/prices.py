"""AWS prices in US dollars: us-east-1, on demand, without free tier, as of November 2026.

Sources: the price lists at aws.amazon.com/{lambda,s3,sqs,sns,cloudwatch,xray}/pricing. Other regions differ by a few
per cent.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

LISTED_PER_REQUEST = 1_000
BATCH = 10
# CloudWatch and KMS, for a month of 730 hours.
METRIC_MONTH, ALARM_METRIC_MONTH, DASHBOARD_MONTH, KEY_MONTH = 0.30, 0.10, 3.00, 1.00
POLLING_MONTH = 0.40  # the queue, and the schedule of the summaries
MONTH = timedelta(hours=730)
# A 12 MP photo in a full batch, as docs/benchmarks.json has it; a test compares.
BILLED_SECONDS_PER_PHOTO = 0.133


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """Prices of one unit each.

    Attributes:
        lambda_gb_second: memory times time, arm64.
        lambda_disk_gb_second: ephemeral storage beyond the free 512 MB.
        sqs_request: up to 64 KB.
        logs_gb: ingested by CloudWatch Logs.
        s3_gb_month: storage in S3 Standard; not part of processing.
        s3_archive_gb_month: the same in S3 Glacier Instant Retrieval, 90 days at least.
        s3_transition: of one object to that class.
        egress_gb: from S3 to the internet; to Lambda in the region it is free.
        metric_hour: of one custom metric.
    """

    lambda_gb_second: float = 0.0000133334
    lambda_request: float = 0.20 / 1_000_000
    lambda_disk_gb_second: float = 0.0000000309
    s3_put: float = 0.005 / 1_000
    s3_get: float = 0.0004 / 1_000
    sqs_request: float = 0.40 / 1_000_000
    sns_publish: float = 0.50 / 1_000_000
    sns_email: float = 2.00 / 100_000
    logs_gb: float = 0.50
    xray_trace: float = 5.00 / 1_000_000
    s3_gb_month: float = 0.023
    s3_archive_gb_month: float = 0.004
    s3_transition: float = 0.02 / 1_000
    egress_gb: float = 0.09
    metric_hour: float = METRIC_MONTH / 730


PRICES = PriceList()


class Cost(NamedTuple):
    """The cost of processing, in dollars: requests to S3, SQS and SNS; Lambda's time and requests."""

    requests: float
    compute: float

    @property
    def total(self) -> float:
        return self.requests + self.compute


def processing_cost(photos: int, renditions: int, memory_mb: int) -> Cost:
    """Estimate the cost of processing `photos`."""
    # One HEAD, one GET, one PUT for each output, and a tenth of a batch.
    s3 = 2 * PRICES.s3_get + (renditions + 1) * PRICES.s3_put
    messages = (3 * PRICES.sqs_request + PRICES.sns_publish) / BATCH  # sent, received, deleted; and the digest
    compute = BILLED_SECONDS_PER_PHOTO * memory_mb / 1024 * PRICES.lambda_gb_second + PRICES.lambda_request / BATCH
    return Cost(photos * (s3 + messages), photos * compute)


def usage_cost(*, photos: int, outputs: int, gb_seconds: float, invocations: int) -> float:
    """Return the cost of photos that were processed, by the function's measured time.

    Args:
        photos: the number of photos.
        outputs: of each photo.
        gb_seconds: the function's time, times its memory.
        invocations: the number of batches.
    """
    s3 = photos * ((outputs + 1) * PRICES.s3_put + 2 * PRICES.s3_get)
    compute = gb_seconds * PRICES.lambda_gb_second + invocations * PRICES.lambda_request
    # Each photo's message; each batch is received, deleted, and sends a digest, which the roll-up collects.
    messages = (photos + 3 * invocations) * PRICES.sqs_request + invocations * PRICES.sns_publish
    return s3 + compute + messages + invocations * PRICES.xray_trace


def idle_cost(time: timedelta, alarm_metrics: int) -> float:
    """Return the cost of a stage for a time in which nothing is uploaded, without its dashboard."""
    return (KEY_MONTH + POLLING_MONTH + alarm_metrics * ALARM_METRIC_MONTH) * (time / MONTH)


def looking_cost(listed: int, heads: int) -> float:
    """Estimate the cost of listing objects and reading commit markers."""
    # S3 bills a LIST like a PUT.
    return listed / LISTED_PER_REQUEST * PRICES.s3_put + heads * PRICES.s3_get


def dollars(amount: float) -> str:
    """Format an amount: `nothing`, `under a cent`, `about $12.34`."""
    if amount == 0:
        return "nothing"
    return "under a cent" if amount < 0.01 else f"about ${amount:,.2f}"
