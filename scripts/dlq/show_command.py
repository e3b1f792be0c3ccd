"""The command `dlq show`: shows dead letters whole, with the state of their photos in S3."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from processing import dead_letter_attributes
from processing.outcomes import SourceObject
from processing.wording import visible
from scripts.aws.dead_letter import DeadLetter, explain
from scripts.aws.dlq_reader import read_dlq
from scripts.aws.photo_state import PhotoStates, SourceState
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_OK
from scripts.cli.errors import OperatorError
from scripts.cli.output import Report, Screen
from scripts.cli.units import human_duration
from scripts.dlq.selection import Selection

MAX_SHOWN = 10
MAX_VALUE_BYTES = 4096

_SOURCE_TODAY = {
    SourceState.SAME: "there, with the same eTag",
    SourceState.OVERWRITTEN: "overwritten: a redrive would do nothing, the newer version had its own message",
    SourceState.GONE: "gone: a redrive would do nothing",
    SourceState.UNKNOWN: "not known: S3 refused (access denied, or not a valid bucket name)",
}


@dataclass(frozen=True)
class SourceToday:
    """The state in S3 of a source object that a dead letter names."""

    source: SourceObject
    state: SourceState
    is_done: bool


def show_dead_letters(stage: Stage, wanted_id: str, selection: Selection, screen: Screen) -> int:
    """Show dead letters whole: the one with this id, or those selected."""
    now = datetime.now(UTC)
    found, more = list[DeadLetter](), 0
    with read_dlq(stage.dlq, screen) as reader:
        for letter in reader.dead_letters():
            if wanted_id and wanted_id in (letter.id, letter.message_id):
                found = [letter]
                break
            if wanted_id or selection.mismatch(letter, now):
                continue
            if len(found) < MAX_SHOWN:
                found.append(letter)
            else:
                more += 1
    if not found:
        in_flight = f", {reader.depth.in_flight:,} are in flight" if reader.depth.in_flight else ""
        raise OperatorError(f"no such dead letter in {stage.dlq.name}{in_flight}; `dlq list --each` names all")
    photos, log_group = PhotoStates.of(stage), f"/aws/lambda/{stage.outputs.process_function}"
    report, documents = [], []
    for letter in found:
        sources = _read_sources(letter, photos)
        report += [*details_report(letter, sources, now, log_group), ""]
        documents.append(_document(letter, sources))
    if more:
        report.append(f"... and {more:,} more: narrow the glob, or `dlq list --each --key GLOB`")
    screen.result(report, documents)
    return EXIT_OK


def _read_sources(letter: DeadLetter, photos: PhotoStates) -> list[SourceToday]:
    """Read the state of each source of a dead letter from S3."""
    return [SourceToday(source, photos.source_state(source), photos.is_done(source)) for source in letter.sources]


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
        ("detail", own_text(dead_letter_attributes.FAILURE_DETAIL)),
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
    return [*lines, *_log_command(letter, log_group)]


def _document(letter: DeadLetter, sources: Sequence[SourceToday]) -> dict[str, Any]:
    """Return a dead letter as JSON, body and attributes included."""
    today = [{"key": s.source.key, "source": s.state.value, "outputs_complete": s.is_done} for s in sources]
    return {**letter.to_document(), "today": today, "message": letter.message.to_document()}


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


def _log_command(letter: DeadLetter, log_group: str) -> list[str]:
    if not letter.message_id:
        return []
    group, pattern = f"--log-group-name={log_group}", f'--filter-pattern="{letter.message_id}"'
    return _command("its log", "logs", "filter-log-events", group, pattern)


def _command(name: str, *arguments: str) -> list[str]:
    """Format a command to copy; none if pasting its characters would control the terminal."""
    line = shlex.join(("aws", *arguments))
    return [f"  {name:<18}{line}"] if line.isprintable() else []


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _fields(*fields: tuple[str, str]) -> list[str]:
    return [f"  {name:<18}{visible(value, MAX_VALUE_BYTES)}" for name, value in fields if value]
