"""`npm run status`: the state of a stage on one screen. Reads only."""

import os
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from scripts.aws.local_endpoint import is_local_stack
from scripts.aws.stage import Stage, find_stage
from scripts.cli.command_line import (
    EXIT_COULD_NOT_RUN,
    EXIT_OK,
    EXIT_SOME_FAILED,
    JsonOption,
    StageOption,
    main,
    make_app,
)
from scripts.cli.output import Screen
from scripts.cli.units import parse_duration
from scripts.status.readings import StageStatus, read_status
from scripts.status.report import status_document, status_report

NO_METRICS = "the local stack has no metrics"
EVERY, LEAST_EVERY = timedelta(seconds=10), timedelta(seconds=1)
EXAMPLES = """Examples:

  npm run status -- --stage prod

  npm run status -- --stage prod --watch --every 30s

  npm run --silent status -- --stage prod --json

Exit codes: 0 no alarm is on and there are no dead letters; 1 could not run (wrong usage, no access, no such stage); 2
an alarm is on or there are dead letters; 130 interrupted, which is how --watch ends."""

app = make_app("Show the state of a stage on one screen: queue, pace, failures, alarms, costs.")


@app.command(epilog=EXAMPLES)
def command(
    stage: StageOption,
    watch: Annotated[bool, typer.Option("--watch", help="Read again and again, until Ctrl-C.")] = False,
    every: Annotated[
        timedelta | None,
        typer.Option("--every", parser=parse_duration, metavar="TIME", help="With --watch; 10s by default."),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Show queue, pace, failures of the last minutes, dead letters, alarms that are on, and today's costs.

    Only reads. CloudWatch bills the reading: at every 10 s, --watch costs about two cents an hour, and Logs Insights
    $0.005 per GB of the last five minutes' log. With --watch --json, each line is a document.
    """
    if every is not None and every < LEAST_EVERY:
        raise typer.BadParameter("at least 1s: CloudWatch bills each reading", param_hint="--every")
    deployed = find_stage(stage)
    no_metrics = NO_METRICS if deployed.endpoint_url or is_local_stack(os.environ) else ""
    screen = Screen(as_json=as_json)
    if watch:
        _watch(deployed, screen, (every or EVERY).total_seconds(), no_metrics)
    status = read_status(deployed, utc_now(), no_metrics=no_metrics)
    screen.result(status_report(status), status_document(status))
    return _exit_code(status)


def utc_now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


def _watch(stage: Stage, screen: Screen, seconds: float, no_metrics: str) -> None:
    """Show the status until the process is interrupted."""
    with screen.refreshed() as show:
        while True:
            status = read_status(stage, utc_now(), no_metrics=no_metrics)
            show(status_report(status), status_document(status))
            time.sleep(seconds)


def _exit_code(status: StageStatus) -> int:
    if status.queue is None:
        return EXIT_COULD_NOT_RUN
    return EXIT_SOME_FAILED if status.needs_a_person else EXIT_OK


if __name__ == "__main__":
    main(app, "npm run status --")
