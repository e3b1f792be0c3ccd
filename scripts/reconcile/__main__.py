"""`npm run reconcile`: compare the buckets and send what is missing or stale."""

from datetime import timedelta
from typing import Annotated

import typer

from scripts.aws.stage import find_stage
from scripts.cli.command_line import EXIT_CODES, ExecuteOption, JournalOption, JsonOption, StageOption, main, make_app
from scripts.cli.output import Screen
from scripts.cli.units import parse_duration, parse_rate
from scripts.reconcile.command import reconcile
from scripts.reconcile.report import ReconcileRequest
from scripts.sending.journal import journal_path

EXAMPLE = "Example: npm run reconcile -- --prefix 2026/ --max 5000 --rate 20/s --stage prod --execute"
MIN_AGE = timedelta(minutes=15)

app = make_app("Compare the input bucket with the output bucket, and send what is missing or stale.")


@app.command(epilog=f"{EXAMPLE}\n\n{EXIT_CODES}")
def command(
    stage: StageOption,
    prefix: Annotated[str, typer.Option("--prefix", metavar="TEXT", help="Only keys that begin so.")] = "",
    most: Annotated[int, typer.Option("--max", min=1, metavar="N", help="Send N messages at most.")] = 1000,
    per_second: Annotated[
        float | None, typer.Option("--rate", parser=parse_rate, metavar="N/s", help="The rate limit; 50/s by default.")
    ] = None,
    min_age: Annotated[
        timedelta | None,
        typer.Option(
            "--min-age", parser=parse_duration, metavar="TIME", help="Ignore younger sources; 15m by default."
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Compare the listings' times: reads no commit marker, compares no setting."),
    ] = False,
    while_busy: Annotated[bool, typer.Option("--while-busy", help="Send although the queue is not empty.")] = False,
    journal: JournalOption = None,
    execute: ExecuteOption = False,
    as_json: JsonOption = False,
) -> int:
    """Compare both buckets: complete, missing, partial, stale, orphaned; say what sending would cost.

    With --execute it sends a message for each photo that is missing or stale, and for no other. This is also the
    backfill for photos that were there before Darkroom.
    """
    request = ReconcileRequest(
        prefix=prefix,
        most=most,
        per_second=per_second or 50.0,
        min_age=MIN_AGE if min_age is None else min_age,
        is_quick=quick,
        while_busy=while_busy,
        journal=journal or journal_path("reconcile", stage),
    )
    return reconcile(find_stage(stage), request, Screen(as_json=as_json), execute=execute)


if __name__ == "__main__":
    main(app, "npm run reconcile --")
