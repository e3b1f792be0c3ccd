"""The command line of `npm run upload`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from scripts.aws.stage import find_stage
from scripts.cli.command_line import EXIT_CODES, ExecuteOption, JsonOption, StageOption, main, make_app
from scripts.cli.output import Screen
from scripts.cli.units import parse_duration
from scripts.upload.command import UploadRequest, upload

EXAMPLE = "Example: npm run upload -- ~/Pictures/holiday --watch --stage prod --execute"

app = make_app("Upload a folder of photos and, with --watch, follow each to its outcome.")


@app.command(epilog=f"{EXAMPLE}\n\n{EXIT_CODES}")
def command(
    stage: StageOption,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Every file below it; its path becomes its key.")],
    prefix: Annotated[str, typer.Option("--prefix", metavar="TEXT", help="Precedes each key, as in 2026/.")] = "",
    watch: Annotated[bool, typer.Option("--watch", help="Wait until every photo has an outcome.")] = False,
    wait: Annotated[
        timedelta | None,
        typer.Option(
            "--wait", parser=parse_duration, metavar="TIME", help="Longest time without news; 30m by default."
        ),
    ] = None,
    threads: Annotated[int, typer.Option("--threads", min=1, max=64, help="Files at once.")] = 16,
    execute: ExecuteOption = False,
    as_json: JsonOption = False,
) -> int:
    """Upload what is not in the bucket yet or has changed; compare sizes and checksums.

    A file that cannot be read is reported and the rest goes on. Give the same command again to continue.
    """
    request = UploadRequest(
        stage=find_stage(stage),
        screen=Screen(as_json=as_json),
        folder=folder,
        prefix=prefix,
        threads=threads,
        patience_seconds=(wait or timedelta(minutes=30)).total_seconds() if watch else None,
    )
    return upload(request, execute=execute)


if __name__ == "__main__":
    main(app, "npm run upload --")
