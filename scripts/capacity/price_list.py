"""What AWS asks, in US dollars: us-east-1, on demand, no free tier, as of November 2026.

Sources: the price lists at aws.amazon.com/{lambda,s3,sqs,sns,cloudwatch,xray}/pricing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from scripts.aws import prices


class PriceError(ValueError):
    """There is no such price, or it is no amount."""


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """Prices of one unit each.

    Attributes:
        lambda_gb_second: memory times time, arm64.
        lambda_request: one invocation.
        lambda_disk_gb_second: temporary disk beyond the free 512 MB.
        s3_put: one PUT.
        s3_get: one GET or HEAD.
        sqs_request: one request of up to 64 KB.
        sns_publish: one message.
        sns_email: one delivered e-mail.
        logs_gb: one GB taken in by CloudWatch Logs.
        xray_trace: one recorded trace.
        s3_gb_month: one GB kept for a month; not part of processing.
    """

    lambda_gb_second: float = prices.LAMBDA_GB_SECOND
    lambda_request: float = prices.LAMBDA_REQUEST
    lambda_disk_gb_second: float = 0.0000000309
    s3_put: float = prices.S3_PUT_OR_LIST
    s3_get: float = prices.S3_GET_OR_HEAD
    sqs_request: float = prices.SQS_REQUEST
    sns_publish: float = prices.SNS_PUBLISH
    sns_email: float = 2.00 / 100_000
    logs_gb: float = 0.50
    xray_trace: float = 5.00 / 1_000_000
    s3_gb_month: float = 0.023


def override(price_list: PriceList, settings: Iterable[str]) -> PriceList:
    """Replaces prices.

    Args:
        price_list: the prices so far.
        settings: each as `name=dollars`: `lambda_gb_second=0.0000166667`.

    Raises:
        PriceError: there is no such price, or it is no amount.
    """
    known = {field.name for field in fields(PriceList)}
    for setting in settings:
        name, _, amount = setting.partition("=")
        if name.replace("-", "_") not in known:
            raise PriceError(f"there is no price {name!r}; there are {', '.join(sorted(known))}")
        price_list = replace(price_list, **{name.replace("-", "_"): _parse_amount(setting, amount)})
    return price_list


def _parse_amount(setting: str, amount: str) -> float:
    try:
        dollars = float(amount)
    except ValueError:
        dollars = -1.0
    if not 0 <= dollars < float("inf"):
        raise PriceError(f"{setting!r}: a price is written as 0.0000166667")
    return dollars
