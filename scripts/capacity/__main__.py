"""`npm run capacity`: duration and cost of a bulk upload."""

import re
from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from datetime import timedelta
from typing import Annotated, Any

import typer

from scripts.aws.prices import PRICES, PriceList
from scripts.capacity.bill import Item, bill_table, make_bill, markdown_lines, once_bill, storage_bill
from scripts.capacity.plan import PROD, Figures, Plan, make_plan, read_figures
from scripts.cli.command_line import EXIT_OK, JsonOption, main, make_app
from scripts.cli.errors import OperatorError
from scripts.cli.output import Report, Screen, Table
from scripts.cli.units import human_duration

_BYTES_PER_GB = 1e9

EXAMPLES = """Examples:

  npm run capacity -- --photos 1000000

  npm run capacity -- --photos 200000 --concurrency 200 --memory 3538 --slowdown 1.5

  npm run capacity -- --photos 5000 --uplink 400 --price lambda_gb_second=0.0000166667 --json"""

app = make_app("Calculate duration and cost of a bulk upload, from the figures that `npm run bench` measured.")


@app.command(epilog=EXAMPLES)
def command(
    photos: Annotated[int, typer.Option(min=1, help="Number of photos.")],
    concurrency: Annotated[int, typer.Option(min=2, max=1000, help="Batches at once.")] = PROD.concurrency,
    memory: Annotated[int, typer.Option(min=128, max=10240, help="The function's, in MB.")] = PROD.memory_mb,
    batch_size: Annotated[int, typer.Option(min=1, max=1000, help="Photos in a batch.")] = PROD.batch_size,
    disk: Annotated[int, typer.Option(min=512, max=10240, help="Ephemeral storage in MB.")] = PROD.disk_mb,
    renditions: Annotated[int, typer.Option(min=1, max=20, help="Of each photo, counted as JPEGs.")] = PROD.renditions,
    roll_up_minutes: Annotated[int, typer.Option(min=1, help="Between two summaries.")] = PROD.roll_up_minutes,
    recipients: Annotated[int, typer.Option(min=0, help="E-mail addresses that get them.")] = PROD.recipients,
    prefixes: Annotated[int, typer.Option(min=1, help="Partitions that S3 made of the outputs.")] = PROD.prefixes,
    uplink: Annotated[float | None, typer.Option(min=0.1, help="Of the uploader, in Mbit/s.")] = None,
    photo_mb: Annotated[float, typer.Option(min=0.01, help="Size of one photo.")] = PROD.photo_mb,
    slowdown: Annotated[float, typer.Option(min=0.1, help="Time on Lambda's vCPU / on the measured one.")] = 1.0,
    price: Annotated[list[str] | None, typer.Option(metavar="NAME=DOLLARS", help="A price; repeatable.")] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="The tables of docs/costs.md.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Calculate duration, requests and dollars, without access to AWS.

    The defaults are those of serverless.yml for the stage prod. Prices: us-east-1, on demand, November 2026.
    """
    deployment = replace(
        PROD,
        memory_mb=memory,
        disk_mb=disk,
        batch_size=batch_size,
        concurrency=concurrency,
        renditions=renditions,
        roll_up_minutes=roll_up_minutes,
        recipients=recipients,
        prefixes=prefixes,
        upload_per_second=uplink / 8 / photo_mb if uplink else PROD.upload_per_second,
        photo_mb=photo_mb,
    )
    prices, measured = override(PRICES, price or []), read_figures()
    figures = replace(measured, cpu_ms=measured.cpu_ms * slowdown, init_ms=measured.init_ms * slowdown)
    plan = make_plan(photos, figures, deployment)
    bill = make_bill(plan, deployment, prices)
    document = make_document(plan, figures, bill, prices)
    report = make_report(plan, figures, bill, prices)
    if as_markdown:
        report = as_page(report)
    Screen(as_json=as_json).result(report, document)
    return EXIT_OK


def as_page(report: Report) -> Report:
    """Return a report as lines of Markdown."""
    parts = [markdown_lines(part) if isinstance(part, Table) else [part] for part in report]
    return [line for lines in parts for line in [*lines, ""]][:-1]


def override(prices: PriceList, settings: Iterable[str]) -> PriceList:
    """Replace prices by settings such as `lambda_gb_second=0.0000166667`.

    Raises:
        OperatorError: the name or the amount is not valid.
    """
    names = sorted(field.name for field in fields(PriceList))
    for setting in settings:
        name, _, amount = setting.partition("=")
        name = name.replace("-", "_")
        if name not in names:
            raise OperatorError(f"there is no price {name!r}; there are {', '.join(names)}")
        if not re.fullmatch(r"[0-9]*\.?[0-9]+(e-[0-9]+)?", amount):
            raise OperatorError(f"{setting!r}: write a price as 0.0000166667")
        prices = replace(prices, **{name: float(amount)})
    return prices


def make_document(plan: Plan, figures: Figures, bill: list[Item], prices: PriceList) -> dict[str, Any]:
    """Return plan and bill as JSON; storage and egress are not part of the bill."""
    total = sum(dollars for _, _, dollars in bill)
    return {
        "plan": asdict(plan),
        "figures": asdict(figures),
        "cost_dollars": {name: dollars for name, _, dollars in bill},
        "total_dollars": total,
        "dollars_per_thousand_photos": total / plan.photos * 1000,
        "storage_dollars_per_month": plan.bytes_out / _BYTES_PER_GB * prices.s3_gb_month,
        "originals_dollars_per_month": plan.bytes_in / _BYTES_PER_GB * prices.s3_gb_month,
        "dollars_per_month": {name: dollars for name, _, dollars in storage_bill(plan, prices)},
        "dollars_once": {name: dollars for name, _, dollars in once_bill(plan, prices)},
    }


def make_report(plan: Plan, figures: Figures, bill: list[Item], prices: PriceList) -> Report:
    """Return the same for a terminal."""
    duration = human_duration(timedelta(seconds=plan.seconds))
    total = sum(dollars for _, _, dollars in bill)
    return [
        f"{plan.photos:,} photos take {duration}: {plan.photos_per_second:,.0f} a second once concurrency has grown to "
        f"{plan.environments:,} batches at once. The limit is {plan.limited_by}.",
        f"Processing them costs ${total:,.2f}, ${total / plan.photos * 1000:.4f} for a thousand photos:",
        bill_table(bill, "together"),
        "Keeping them costs each month:",
        bill_table(storage_bill(plan, prices)),
        "Only in some cases, once:",
        bill_table(once_bill(plan, prices)),
        f"Work was measured on a processor of another kind, not on Lambda ({figures.measured_on}): "
        f"{figures.cpu_ms:.0f} ms a photo, {figures.waiting_ms:.0f} ms of waiting a batch, {figures.init_ms:.0f} ms to "
        "start. Prices are those of arm64, which was not measured: if its vCPU is slower, add --slowdown.",
    ]


if __name__ == "__main__":
    main(app, "npm run capacity --")
