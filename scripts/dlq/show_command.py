"""The command `dlq show`: shows dead letters whole, with the state of their photos in S3."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import typer

from processing import dead_letter_attributes
from processing.outcomes import SourceObject
from processing.wording import visible
from scripts.aws.dead_letter import DeadLetter, explain
from scripts.aws.dlq_reader import read_dlq
from scripts.aws.photo_state import PhotoStates, SourceState
from scripts.aws.stage import Stage, find_stage
from scripts.cli.command_line import EXIT_OK, JsonOption, StageOption
from scripts.cli.errors import OperatorError
from scripts.cli.output import Report, Screen, shell_command
from scripts.cli.units import human_duration
from scripts.dlq.selection import KeyOption, Selection, parse_code

MAX_SHOWN = 10
MAX_VALUE_BYTES = 4096

_SOURCE_TODAY = {
    SourceState.SAME: "there, with the same eTag",
    SourceState.OVERWRITTEN: "overwritten: a redrive would do nothing, the newer version had its own message",
    SourceState.GONE: "gone: a redrive would do nothing",
    SourceState.UNKNOWN: "not known: S3 refused (access denied, or not a valid bucket name)",
}


class SourceToday(NamedTuple):
    """The state in S3 of a source object that a dead letter names."""

    source: SourceObject
    state: SourceState
    is_done: bool


def show_dead_letters(
    stage: StageOption,
    letter_id: Annotated[
        str, typer.Argument(metavar="[ID]", help="A dead letter's id, or the message id that logs and digests name.")
    ] = "",
    key: KeyOption = None,
    code: Annotated[
        str | None, typer.Option("--code", parser=parse_code, metavar="CODE", help="One with this failure code.")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Show one dead letter whole. Also its reason, and what S3 has of its photo today."""
    if bool(letter_id) == (key is not None or code is not None):
        raise typer.BadParameter("give an ID, --key GLOB or --code CODE")
    deployed, screen, now = find_stage(stage), Screen(as_json=as_json), datetime.now(UTC)
    letters, more = _find(deployed, letter_id, Selection([code] if code else None, key), screen)
    photos, log_group = PhotoStates.of(deployed), f"/aws/lambda/{deployed.outputs.process_function}"
    report, documents = [], []
    for letter in letters:
        sources = [
            SourceToday(source, photos.source_state(source), photos.is_done(source)) for source in letter.sources
        ]
        report += [*details_report(letter, sources, now, log_group), ""]
        today = [{"key": s.source.key, "source": s.state, "outputs_complete": s.is_done} for s in sources]
        documents.append({**letter.to_document(), "today": today, "message": letter.message.to_document()})
    if more:
        report.append(f"... and {more:,} more: narrow the glob, or `dlq list --each --key GLOB`")
    screen.result(report, documents)
    return EXIT_OK


def _find(stage: Stage, wanted_id: str, selection: Selection, screen: Screen) -> tuple[list[DeadLetter], int]:
    """Return the dead letter with this id, one of a code, or the first few selected and the number of the others."""
    found, more, now = list[DeadLetter](), 0, datetime.now(UTC)
    with read_dlq(stage.dlq, screen) as reader:
        for letter in reader.dead_letters():
            if wanted_id and wanted_id in (letter.id, letter.message_id):
                return [letter], 0
            if wanted_id or selection.mismatch(letter, now):
                continue
            if selection.key_glob is None:  # any one of a code, without reading all
                return [letter], 0
            if len(found) < MAX_SHOWN:
                found.append(letter)
            else:
                more += 1
    if not found:
        unseen = f" {reader.shortfall}" if reader.shortfall else ""
        raise OperatorError(f"no such dead letter in {stage.dlq.name}; `dlq list --each` names all.{unseen}")
    return found, more


def details_report(letter: DeadLetter, sources: Sequence[SourceToday], now: datetime, log_group: str) -> Report:
    """Format a dead letter as lines."""
    text, explanation = letter.message.text, explain(letter.code)

    def own_text(attribute: str) -> str:
        """Leave out attributes from before an earlier redrive."""
        return "" if letter.was_moved_by_sqs else text(attribute)

    earlier_code = text(dead_letter_attributes.FAILURE_CODE) if letter.was_moved_by_sqs else ""
    lines = [f"Dead letter {letter.id}"]
    lines += _fields(
        ("code", f"{letter.code} ({explanation.family}): {explanation.meaning}"),
        ("what to do", explanation.what_to_do),
        ("detail", letter.detail),
        ("attempts", own_text(dead_letter_attributes.ATTEMPTS)),
        ("first seen", _time(letter.sent_at) if letter.was_moved_by_sqs else text(dead_letter_attributes.FIRST_SEEN)),
        ("in a queue since", f"{_time(letter.sent_at)} ({human_duration(letter.age(now))} ago)"),
        ("received", f"{letter.message.system.get('ApproximateReceiveCount', '?')} times, this one included"),
        ("message id", letter.message_id),
        ("request id", own_text(dead_letter_attributes.REQUEST_ID)),
        ("earlier reason", earlier_code and f"{earlier_code}, from before it was last redriven"),
    )
    for source in sources:
        lines += _source_lines(source)
    if not sources:
        lines += _fields(("body", letter.message.body))
    if letter.message_id:
        pattern = f'--filter-pattern="{letter.message_id}"'
        lines += _command("its log", "logs", "filter-log-events", f"--log-group-name={log_group}", pattern)
    return lines


def _source_lines(today: SourceToday) -> list[str]:
    source = today.source
    lines = _fields(
        ("source", f"s3://{source.bucket}/{source.key}"),
        ("source eTag", source.etag),
        ("source today", _SOURCE_TODAY[today.state]),
        ("outputs today", "complete: a redrive would do nothing" if today.is_done else "not complete"),
    )
    # `--key=` and not `--key`: a key may begin with a dash.
    return lines + _command("to look at it", "s3api", "head-object", f"--bucket={source.bucket}", f"--key={source.key}")


def _command(name: str, *arguments: str) -> list[str]:
    command = shell_command("aws", *arguments)
    return [f"  {name:<18}{command}"] if command else []


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _fields(*fields: tuple[str, str]) -> list[str]:
    return [f"  {name:<18}{visible(value, MAX_VALUE_BYTES)}" for name, value in fields if value]
