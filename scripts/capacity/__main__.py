"""`npm run capacity`: how long a bulk upload takes and what it costs."""

from dataclasses import replace
from typing import Annotated

import typer

from scripts.capacity.costs import cost_lines
from scripts.capacity.figures import FiguresError, read_figures
from scripts.capacity.plan import PROD, Deployment, Figures, make_plan
from scripts.capacity.price_list import PriceError, PriceList, override
from scripts.capacity.report import document, report
from scripts.cli.command_line import EXIT_OK, JsonOption, main, make_app
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen

EXAMPLES = """Examples:

  npm run capacity -- --photos 1000000

  npm run capacity -- --photos 200000 --concurrency 200 --memory 3538 --slowdown 1.5

  npm run capacity -- --photos 5000 --uplink 400 --price lambda_gb_second=0.0000166667 --json"""

app = make_app("How long a bulk upload takes and what it costs, from the figures that `npm run bench` measured.")


@app.command(epilog=EXAMPLES)
def command(
    photos: Annotated[int, typer.Option("--photos", min=1, help="How many.")],
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=2, max=1000, help="Batches at once.")
    ] = PROD.concurrency,
    memory: Annotated[
        int, typer.Option("--memory", min=128, max=10240, help="The function's, in MB.")
    ] = PROD.memory_mb,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, max=1000, help="Photos in a batch.")
    ] = PROD.batch_size,
    disk: Annotated[int, typer.Option("--disk", min=512, max=10240, help="Temporary disk in MB.")] = PROD.disk_mb,
    renditions: Annotated[
        int, typer.Option("--renditions", min=1, max=20, help="JPEGs of each photo.")
    ] = PROD.renditions,
    roll_up: Annotated[
        int, typer.Option("--roll-up-minutes", min=1, help="Between two summaries.")
    ] = PROD.roll_up_minutes,
    recipients: Annotated[
        int, typer.Option("--recipients", min=0, help="E-mail addresses that get them.")
    ] = PROD.recipients,
    prefixes: Annotated[
        int, typer.Option("--prefixes", min=1, help="Partitions that S3 made of the outputs.")
    ] = PROD.prefixes,
    uplink: Annotated[float | None, typer.Option("--uplink", min=0.1, help="Of the uploader, in Mbit/s.")] = None,
    photo_mb: Annotated[float, typer.Option("--photo-mb", min=0.01, help="One photo, with --uplink.")] = 4.2,
    slowdown: Annotated[
        float, typer.Option("--slowdown", min=0.1, help="How much slower Lambda's vCPU is than the measured one.")
    ] = 1.0,
    price: Annotated[
        list[str] | None, typer.Option("--price", metavar="NAME=DOLLARS", help="Another price; may come often.")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Works out time, requests and dollars; touches nothing and asks nobody.

    The defaults are those of serverless.yml for the stage prod. Prices: us-east-1, on demand, November 2026.
    """
    deployment = Deployment(
        memory_mb=memory,
        disk_mb=disk,
        batch_size=batch_size,
        concurrency=concurrency,
        renditions=renditions,
        roll_up_minutes=roll_up,
        recipients=recipients,
        prefixes=prefixes,
        upload_per_second=uplink / 8 / photo_mb if uplink else PROD.upload_per_second,
    )
    figures, price_list = _measured(slowdown), _prices(price or [])
    plan = make_plan(photos, figures, deployment)
    lines = cost_lines(plan, deployment, price_list)
    Screen(as_json=as_json).result(report(plan, figures, lines, price_list), document(plan, figures, lines, price_list))
    return EXIT_OK


def _measured(slowdown: float) -> Figures:
    try:
        figures = read_figures()
    except FiguresError as error:
        raise OperatorError(str(error)) from error
    return replace(figures, cpu_ms=figures.cpu_ms * slowdown, init_ms=figures.init_ms * slowdown)


def _prices(settings: list[str]) -> PriceList:
    try:
        return override(PriceList(), settings)
    except PriceError as error:
        raise OperatorError(str(error)) from error


if __name__ == "__main__":
    main(app, "npm run capacity --")
