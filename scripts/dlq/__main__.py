"""`npm run dlq`: list, show, redrive, export, import and purge dead letters."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from scripts.aws.dead_letter import CODES
from scripts.aws.stage import find_stage
from scripts.cli.command_line import EXIT_CODES, ExecuteOption, JsonOption, StageOption, duration, main, make_app, rate
from scripts.cli.output import Screen
from scripts.dlq import export_command, import_command, list_command, purge_command, redrive_command, show_command
from scripts.dlq.redrive_plan import RedriveRequest
from scripts.dlq.selection import Selection
from scripts.sending.journal import journal_path

app = make_app("List, show, redrive, export, import and purge the dead letters of the dead-letter queue (DLQ).")


def _epilog(example: str) -> str:
    return f"Example: npm run dlq -- {example}\n\n{EXIT_CODES}"


def _code(text: str) -> str:
    if text not in CODES:
        raise typer.BadParameter(f"{text!r} is not a failure code: {', '.join(CODES)}")
    return text


CodeOption = Annotated[
    list[str] | None,
    typer.Option("--code", parser=_code, metavar="CODE", help="Only this failure code; repeatable."),
]
KeyOption = Annotated[
    str | None,
    typer.Option("--key", metavar="GLOB", help="Only keys like '2026/*.jpg'. Quote it; * matches / too."),
]
OlderOption = Annotated[
    timedelta | None, typer.Option("--older-than", parser=duration, metavar="TIME", help="90s, 15m, 2h, 3d.")
]
NewerOption = Annotated[
    timedelta | None, typer.Option("--newer-than", parser=duration, metavar="TIME", help="90s, 15m, 2h, 3d.")
]
RateOption = Annotated[
    float | None, typer.Option("--rate", parser=rate, metavar="N/s", help="The rate limit: 10/s, 300/m.")
]

ToOption = Annotated[str, typer.Option("--to", metavar="QUEUE", help="Another queue, by name or URL.")]


def _selection(
    code: list[str] | None, key: str | None, older_than: timedelta | None, newer_than: timedelta | None
) -> Selection:
    return Selection(codes=frozenset(code or ()), key_glob=key, older_than=older_than, newer_than=newer_than)


@app.command("list", epilog=_epilog("list --each --code access-denied --stage prod"))
def run_list(
    stage: StageOption,
    code: CodeOption = None,
    key: KeyOption = None,
    older_than: OlderOption = None,
    newer_than: NewerOption = None,
    each: Annotated[bool, typer.Option("--each", help="Also one line for each dead letter, with its id.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Count the dead letters by failure code, age and folder. Reads all of them and changes nothing."""
    selection = _selection(code, key, older_than, newer_than)
    return list_command.list_dead_letters(find_stage(stage), selection, Screen(as_json=as_json), each=each)


@app.command("show", epilog=_epilog("show --key '2026/07/*.jpg' --stage prod"))
def run_show(
    stage: StageOption,
    letter_id: Annotated[
        str, typer.Argument(metavar="[ID]", help="A dead letter's id, or the message id that logs and digests name.")
    ] = "",
    key: KeyOption = None,
    as_json: JsonOption = False,
) -> int:
    """Show one dead letter whole: its reason, its source object, and their state in S3 today."""
    if bool(letter_id) == (key is not None):
        raise typer.BadParameter("give an ID or --key GLOB")
    return show_command.show_dead_letters(
        find_stage(stage), letter_id, Selection(key_glob=key), Screen(as_json=as_json)
    )


@app.command("redrive", epilog=_epilog("redrive --code access-denied --canary 3 --verify --stage prod"))
def run_redrive(
    stage: StageOption,
    code: CodeOption = None,
    key: KeyOption = None,
    older_than: OlderOption = None,
    newer_than: NewerOption = None,
    most: Annotated[int | None, typer.Option("--max", min=1, metavar="N", help="The oldest N at most.")] = None,
    per_second: RateOption = None,
    to: ToOption = "",
    canary: Annotated[
        int,
        typer.Option("--canary", min=0, metavar="N", help="Move N first; go on only if all succeed."),
    ] = 0,
    verify: Annotated[bool, typer.Option("--verify", help="Wait for every outcome and report it.")] = False,
    wait: Annotated[
        timedelta | None, typer.Option("--wait", parser=duration, metavar="TIME", help="For outcomes; 30m by default.")
    ] = None,
    journal: Annotated[
        Path | None, typer.Option("--journal", metavar="FILE", help="The journal; in .darkroom/ by default.")
    ] = None,
    cancel: Annotated[bool, typer.Option("--cancel", help="Cancel a running message move task.")] = False,
    execute: ExecuteOption = False,
    as_json: JsonOption = False,
) -> int:
    """Send dead letters back to be processed again. Each is sent first and then deleted, with its attributes."""
    deployed, screen = find_stage(stage), Screen(as_json=as_json)
    if cancel:
        return redrive_command.cancel(deployed, screen)
    request = RedriveRequest(
        selection=_selection(code, key, older_than, newer_than),
        most=most,
        per_second=per_second,
        to=redrive_command.find_queue_url(deployed, to),
        canary=canary,
        verify=verify,
        journal=journal or journal_path("redrive", stage),
        patience_seconds=(wait or timedelta(minutes=30)).total_seconds(),
    )
    return redrive_command.redrive(deployed, request, screen, execute=execute)


@app.command("export", epilog=_epilog("export friday.jsonl --code corrupt-image --stage prod"))
def run_export(
    stage: StageOption,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
    code: CodeOption = None,
    key: KeyOption = None,
    older_than: OlderOption = None,
    newer_than: NewerOption = None,
    as_json: JsonOption = False,
) -> int:
    """Write dead letters to a file, one JSON line each, whole. They stay in the DLQ."""
    selection = _selection(code, key, older_than, newer_than)
    return export_command.export_dead_letters(find_stage(stage), file, selection, Screen(as_json=as_json))


@app.command("import", epilog=_epilog("import friday-edited.jsonl --rate 10/s --stage prod --execute"))
def run_import(
    stage: StageOption,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export, edited or not.")],
    per_second: RateOption = None,
    to: ToOption = "",
    execute: ExecuteOption = False,
    as_json: JsonOption = False,
) -> int:
    """Send an export to be processed. Dead letters in the DLQ stay there: see purge."""
    deployed, screen = find_stage(stage), Screen(as_json=as_json)
    queue = redrive_command.find_queue_url(deployed, to)
    return import_command.import_messages(deployed, file, queue, per_second, screen, execute=execute)


@app.command("purge", epilog=_epilog("purge friday.jsonl --stage prod --execute"))
def run_purge(
    stage: StageOption,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export of the dead letters to delete.")],
    yes_delete: Annotated[
        int | None, typer.Option("--yes-delete", min=0, metavar="COUNT", help="Confirm without a terminal: how many.")
    ] = None,
    execute: ExecuteOption = False,
    as_json: JsonOption = False,
) -> int:
    """Delete for good the dead letters that an export holds, and no others, after a typed confirmation."""
    screen = Screen(as_json=as_json)
    return purge_command.purge_dead_letters(find_stage(stage), file, yes_delete, screen, execute=execute)


if __name__ == "__main__":
    main(app, "npm run dlq --")
