"""The bill of a plan, and the report of both."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from scripts.aws.prices import PriceList
from scripts.capacity.plan import Deployment, Figures, Plan
from scripts.cli.output import Report, Table
from scripts.cli.units import human_duration

FREE_DISK_MB = 512  # AWS Lambda pricing
_MB_PER_GB = 1024
_BYTES_PER_GB = 1e9


@dataclass(frozen=True)
class CostLine:
    """One item of the bill: name, quantity and dollars."""

    what: str
    quantity: str
    dollars: float


def cost_lines(plan: Plan, deployment: Deployment, prices: PriceList) -> list[CostLine]:
    """Return the bill for processing, the most expensive item first."""
    gb_seconds = plan.lambda_seconds * deployment.memory_mb / _MB_PER_GB
    disk_gb_seconds = plan.lambda_seconds * max(0, deployment.disk_mb - FREE_DISK_MB) / _MB_PER_GB
    log_gb = plan.log_bytes / _BYTES_PER_GB
    items = [
        ("S3 PUT, the uploads included", f"{plan.puts:,}", plan.puts * prices.s3_put),
        ("S3 GET and HEAD", f"{plan.gets:,}", plan.gets * prices.s3_get),
        ("Lambda, time and memory", f"{gb_seconds:,.0f} GB s", gb_seconds * prices.lambda_gb_second),
        ("Lambda, invocations", f"{plan.invocations:,}", plan.invocations * prices.lambda_request),
        ("Lambda, ephemeral storage", f"{disk_gb_seconds:,.0f} GB s", disk_gb_seconds * prices.lambda_disk_gb_second),
        ("SQS requests", f"{plan.sqs_requests:,}", plan.sqs_requests * prices.sqs_request),
        ("SNS digests and summaries", f"{plan.digests:,}", plan.digests * prices.sns_publish),
        ("SNS e-mails", f"{plan.emails:,}", plan.emails * prices.sns_email),
        ("CloudWatch Logs", f"{log_gb:,.2f} GB", log_gb * prices.logs_gb),
        # One for each batch at most: X-Ray samples when there are many.
        ("X-Ray traces", f"{plan.invocations:,}", plan.invocations * prices.xray_trace),
    ]
    return sorted((CostLine(*item) for item in items), key=lambda line: -line.dollars)


def total(lines: list[CostLine]) -> float:
    """Add up the bill, in dollars."""
    return sum(line.dollars for line in lines)


def storage_per_month(plan: Plan, prices: PriceList) -> float:
    """Return the dollars for storing the outputs for a month."""
    return plan.bytes_out / _BYTES_PER_GB * prices.s3_gb_month


def report(plan: Plan, figures: Figures, lines: list[CostLine], prices: PriceList) -> Report:
    """Return the report for a terminal."""
    duration = human_duration(timedelta(seconds=plan.seconds))
    return [
        f"{plan.photos:,} photos take {duration}: {plan.photos_per_second:,.0f} a second once concurrency has grown to "
        f"{plan.environments:,} batches at once. The limit is {plan.limited_by}.",
        f"They cost ${total(lines):,.2f}, ${_per_thousand(plan, lines):.4f} for a thousand photos.",
        Table(("item", "quantity", "dollars"), [(line.what, line.quantity, f"{line.dollars:,.2f}") for line in lines]),
        f"Storing the outputs ({plan.bytes_out / _BYTES_PER_GB:,.0f} GB) costs "
        f"${storage_per_month(plan, prices):,.2f} a month.",
        f"Measured: {figures.cpu_ms:.0f} ms of work a photo, {figures.waiting_ms:.0f} ms of waiting a batch, "
        f"{figures.init_ms:.0f} ms to start. If Lambda's vCPU is slower than the measured one, add --slowdown.",
    ]


def document(plan: Plan, figures: Figures, lines: list[CostLine], prices: PriceList) -> dict[str, Any]:
    """Return the same as JSON."""
    return {
        "plan": asdict(plan),
        "figures": asdict(figures),
        "cost_dollars": {line.what: line.dollars for line in lines},
        "total_dollars": total(lines),
        "dollars_per_thousand_photos": _per_thousand(plan, lines),
        "storage_dollars_per_month": storage_per_month(plan, prices),
    }


def _per_thousand(plan: Plan, lines: list[CostLine]) -> float:
    return total(lines) / plan.photos * 1000
