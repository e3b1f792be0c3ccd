"""What AWS asks for what Darkroom uses, in US dollars: us-east-1, on demand, without free tier, as of 2026.

Sources: the price lists at aws.amazon.com/{s3,lambda,sqs,sns}/pricing. Other regions differ by a few per cent.
"""

from dataclasses import dataclass

S3_PUT_OR_LIST = 0.005 / 1_000
S3_GET_OR_HEAD = 0.0004 / 1_000
LAMBDA_GB_SECOND = 0.0000133334  # arm64
LAMBDA_REQUEST = 0.20 / 1_000_000
SQS_REQUEST = 0.40 / 1_000_000
SNS_PUBLISH = 0.50 / 1_000_000

LISTED_PER_REQUEST = 1_000
BATCH = 10
# A 12 MP photo, as measured: about 100 ms of work, and a fifth on top for what does not overlap.
BILLED_SECONDS_PER_PHOTO = 0.12


@dataclass(frozen=True)
class Cost:
    """An amount and what it is made of.

    Attributes:
        requests: S3's, SQS's and SNS's requests, in dollars.
        compute: Lambda's time and requests, in dollars.
    """

    requests: float
    compute: float

    @property
    def total(self) -> float:
        return self.requests + self.compute


def processing_cost(photos: int, renditions: int, memory_mb: int) -> Cost:
    """What it costs to process photos: one HEAD, one GET, one PUT for each output, and a tenth of a batch."""
    s3 = 2 * S3_GET_OR_HEAD + (renditions + 1) * S3_PUT_OR_LIST
    messages = (3 * SQS_REQUEST + SNS_PUBLISH) / BATCH  # sent, received, deleted; and the digest
    compute = BILLED_SECONDS_PER_PHOTO * memory_mb / 1024 * LAMBDA_GB_SECOND + LAMBDA_REQUEST / BATCH
    return Cost(photos * (s3 + messages), photos * compute)


def looking_cost(listed: int, heads: int) -> float:
    """What it costs to list objects and to read commit markers."""
    return listed / LISTED_PER_REQUEST * S3_PUT_OR_LIST + heads * S3_GET_OR_HEAD


def dollars(amount: float) -> str:
    """`nothing`, `under a cent`, `about $12.34`."""
    if amount == 0:
        return "nothing"
    return "under a cent" if amount < 0.01 else f"about ${amount:,.2f}"
