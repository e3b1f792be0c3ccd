"""What a plan costs, line by line."""

from dataclasses import dataclass

from scripts.capacity.plan import FREE_DISK_MB, Deployment, Plan
from scripts.capacity.price_list import PriceList

_MB_PER_GB = 1024
_BYTES_PER_GB = 1e9


@dataclass(frozen=True)
class CostLine:
    """One item of the bill: what, how much of it, and dollars."""

    what: str
    quantity: str
    dollars: float


def cost_lines(plan: Plan, deployment: Deployment, price_list: PriceList) -> list[CostLine]:
    """The bill for processing; the most expensive item first."""
    gb_seconds = plan.lambda_seconds * deployment.memory_mb / _MB_PER_GB
    disk_gb_seconds = plan.lambda_seconds * max(0, deployment.disk_mb - FREE_DISK_MB) / _MB_PER_GB
    log_gb = plan.log_bytes / _BYTES_PER_GB
    lines = [
        CostLine("S3 PUT, the uploads included", f"{plan.puts:,}", plan.puts * price_list.s3_put),
        CostLine("S3 GET and HEAD", f"{plan.gets:,}", plan.gets * price_list.s3_get),
        CostLine("Lambda, time and memory", f"{gb_seconds:,.0f} GB s", gb_seconds * price_list.lambda_gb_second),
        CostLine("Lambda, invocations", f"{plan.invocations:,}", plan.invocations * price_list.lambda_request),
        CostLine(
            "Lambda, temporary disk",
            f"{disk_gb_seconds:,.0f} GB s",
            disk_gb_seconds * price_list.lambda_disk_gb_second,
        ),
        CostLine("SQS requests", f"{plan.sqs_requests:,}", plan.sqs_requests * price_list.sqs_request),
        CostLine("SNS digests and summaries", f"{plan.digests:,}", plan.digests * price_list.sns_publish),
        CostLine("SNS e-mails", f"{plan.emails:,}", plan.emails * price_list.sns_email),
        CostLine("CloudWatch Logs", f"{log_gb:,.2f} GB", log_gb * price_list.logs_gb),
        # One for each batch at most: X-Ray samples when there are many.
        CostLine("X-Ray traces", f"{plan.invocations:,}", plan.invocations * price_list.xray_trace),
    ]
    return sorted(lines, key=lambda line: -line.dollars)


def total(lines: list[CostLine]) -> float:
    """All of it, in dollars."""
    return sum(line.dollars for line in lines)


def storage_per_month(plan: Plan, price_list: PriceList) -> float:
    """What keeping the outputs costs each month, in dollars; not part of processing."""
    return plan.bytes_out / _BYTES_PER_GB * price_list.s3_gb_month
