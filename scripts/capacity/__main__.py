"""`npm run capacity`: duration and cost of a bulk upload."""

import math
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Annotated

import typer

from scripts.aws.prices import PRICES, PriceList
from scripts.capacity.plan import PROD, make_plan, read_figures
from scripts.capacity.report import cost_lines, document, report
from scripts.cli.command_line import EXIT_OK, JsonOption, main, make_app
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen

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
    renditions: Annotated[int, typer.Option(min=1, max=20, help="JPEGs of each photo.")] = PROD.renditions,
    roll_up_minutes: Annotated[int, typer.Option(min=1, help="Between two summaries.")] = PROD.roll_up_minutes,
    recipients: Annotated[int, typer.Option(min=0, help="E-mail addresses that get them.")] = PROD.recipients,
    prefixes: Annotated[int, typer.Option(min=1, help="Partitions that S3 made of the outputs.")] = PROD.prefixes,
    uplink: Annotated[float | None, typer.Option(min=0.1, help="Of the uploader, in Mbit/s.")] = None,
    photo_mb: Annotated[float, typer.Option(min=0.01, help="Size of one photo, for --uplink.")] = 4.2,
    slowdown: Annotated[float, typer.Option(min=0.1, help="Time on Lambda's vCPU / on the measured one.")] = 1.0,
    price: Annotated[list[str] | None, typer.Option(metavar="NAME=DOLLARS", help="A price; repeatable.")] = None,
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
    )
    prices, measured = override(PRICES, price or []), read_figures()
    figures = replace(measured, cpu_ms=measured.cpu_ms * slowdown, init_ms=measured.init_ms * slowdown)
    plan = make_plan(photos, figures, deployment)
    lines = cost_lines(plan, deployment, prices)
    Screen(as_json=as_json).result(report(plan, figures, lines, prices), document(plan, figures, lines, prices))
    return EXIT_OK


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
        prices = replace(prices, **{name: _parse_amount(setting, amount)})
    return prices


def _parse_amount(setting: str, amount: str) -> float:
    try:
        dollars = float(amount)
    except ValueError:
        dollars = math.nan
    if not 0 <= dollars < math.inf:
        raise OperatorError(f"{setting!r}: write a price as 0.0000166667")
    return dollars


if __name__ == "__main__":
    main(app, "npm run capacity --")
