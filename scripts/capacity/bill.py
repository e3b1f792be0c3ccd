"""The bill of a bulk upload: processing, storage by the month, and what leaves AWS."""

from scripts.aws.prices import PriceList
from scripts.capacity.plan import Deployment, Plan
from scripts.cli.output import Table

FREE_DISK_MB = 512  # AWS Lambda pricing
_MB_PER_GB, _BYTES_PER_GB = 1024, 1e9
Item = tuple[str, str, float]  # name, quantity, dollars


def make_bill(plan: Plan, deployment: Deployment, prices: PriceList) -> list[Item]:
    """Return the items of processing, the most expensive first."""
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
        ("CloudWatch custom metrics, by the hour", f"{plan.metric_hours:,}", plan.metric_hours * prices.metric_hour),
        # One for each batch at most: X-Ray samples when there are many.
        ("X-Ray traces", f"{plan.invocations:,}", plan.invocations * prices.xray_trace),
    ]
    return sorted(items, key=lambda item: -item[2])


def storage_bill(plan: Plan, prices: PriceList) -> list[Item]:
    """Return the dollars of each month in which sources and outputs are kept."""
    sources, outputs = plan.bytes_in / _BYTES_PER_GB, plan.bytes_out / _BYTES_PER_GB
    return [
        ("originals: keep", f"{sources:,.0f} GB in S3 Standard", sources * prices.s3_gb_month),
        (
            "originals: glacier-after-N-days, then",
            f"{sources:,.0f} GB in S3 Glacier Instant Retrieval",
            sources * prices.s3_archive_gb_month,
        ),
        ("originals: expire-after-N-days, then", "nothing", 0.0),
        ("outputs", f"{outputs:,.1f} GB in S3 Standard", outputs * prices.s3_gb_month),
    ]


def once_bill(plan: Plan, prices: PriceList) -> list[Item]:
    """Return what is paid once, and only in some cases."""
    outputs = plan.bytes_out / _BYTES_PER_GB
    moved = f"{plan.photos:,} objects"
    return [
        ("moving the originals to Glacier Instant Retrieval", moved, plan.photos * prices.s3_transition),
        ("egress: downloading every output once", f"{outputs:,.1f} GB", outputs * prices.egress_gb),
    ]


def bill_table(items: list[Item], total: str = "") -> Table:
    """Return items as a table, with their sum in the last line if it has a name."""
    rows = [(name, quantity, _dollars(dollars)) for name, quantity, dollars in items]
    rows += [(total, "", _dollars(sum(dollars for _, _, dollars in items)))] if total else []
    return Table(("item", "quantity", "dollars"), rows)


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 1 or not amount else f"{amount:.4f}"


def markdown_lines(table: Table) -> list[str]:
    """Return a table in Markdown."""
    rows = [table.headings, ("---", "---", "---"), *table.rows]
    return [f"| {' | '.join(map(str, row))} |" for row in rows]
