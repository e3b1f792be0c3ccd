"""One dead letter whole, with what S3 says of its photo today."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from processing import dead_letter
from processing.outcomes import SourceObject
from processing.wording import visible
from scripts.aws.dead_letter import DeadLetter, explain
from scripts.aws.photo_state import PhotoStates, SourceState
from scripts.cli.output import Report
from scripts.cli.units import human_duration
from scripts.dlq.summary import dead_letter_document

MAX_VALUE_BYTES = 4096

_SOURCE_TODAY = {
    SourceState.SAME: "there, with the same eTag",
    SourceState.OVERWRITTEN: "overwritten: a redrive would do nothing, the newer version had its own message",
    SourceState.GONE: "gone: a redrive would do nothing",
    SourceState.UNKNOWN: "not known: S3 would not say (access denied, or no valid bucket name)",
}


@dataclass(frozen=True)
class Evidence:
    """What S3 says today of a source object that a dead letter names.

    Attributes:
        source: as the dead letter names it.
        state: what became of it.
        is_done: whether all its outputs are there.
    """

    source: SourceObject
    state: SourceState
    is_done: bool


def gather_evidence(letter: DeadLetter, photos: PhotoStates) -> list[Evidence]:
    """Asks S3 about every source of a letter."""
    return [Evidence(source, photos.source_state(source), photos.is_done(source)) for source in letter.sources]


def letter_report(letter: DeadLetter, evidence: Sequence[Evidence], now: datetime, log_group: str) -> Report:
    """A letter for people."""
    text, explanation = letter.message.text, explain(letter.code)
    lines = [f"Dead letter {letter.id}"]
    lines += _fields(
        ("code", f"{letter.code} ({explanation.family}): {explanation.meaning}"),
        ("what to do", explanation.what_to_do),
        ("detail", "" if letter.was_moved_by_sqs else text(dead_letter.FAILURE_DETAIL)),
        ("attempts", "" if letter.was_moved_by_sqs else text(dead_letter.ATTEMPTS)),
        ("first seen", _first_seen(letter)),
        ("in a queue since", f"{_time(letter.sent_at)} ({human_duration(letter.age(now))} ago)"),
        ("looked at", f"{letter.message.system.get('ApproximateReceiveCount', '?')} times, this one included"),
        ("message id", letter.message_id),
        ("request id", "" if letter.was_moved_by_sqs else text(dead_letter.REQUEST_ID)),
        ("earlier reason", _earlier_reason(letter)),
    )
    for found in evidence:
        lines += _evidence_lines(found)
    if not evidence:
        lines += _fields(("body", letter.message.body))
    return [*lines, *_log_hint(letter, log_group)]


def details_document(letter: DeadLetter, evidence: Sequence[Evidence]) -> dict[str, Any]:
    """A letter for machines, body and attributes included."""
    today = [{"key": e.source.key, "source": e.state.value, "outputs_complete": e.is_done} for e in evidence]
    return {**dead_letter_document(letter), "today": today, "message": letter.message.to_document()}


def _evidence_lines(found: Evidence) -> list[str]:
    source = found.source
    lines = _fields(
        ("source", f"s3://{source.bucket}/{source.key}"),
        ("source eTag", source.etag),
        ("source today", _SOURCE_TODAY[found.state]),
        ("outputs today", "complete: a redrive would do nothing" if found.is_done else "not complete"),
    )
    # `--key=` and not `--key`: a key may begin with a dash.
    return lines + _command("to look at it", "s3api", "head-object", f"--bucket={source.bucket}", f"--key={source.key}")


def _command(name: str, *arguments: str) -> list[str]:
    """A command to copy; none when it has characters that a terminal would act on while it is pasted."""
    line = shlex.join(("aws", *arguments))
    return [f"  {name:<18}{line}"] if line.isprintable() else []


def _log_hint(letter: DeadLetter, log_group: str) -> list[str]:
    if not letter.message_id:
        return []
    group, pattern = f"--log-group-name={log_group}", f'--filter-pattern="{letter.message_id}"'
    return _command("its log", "logs", "filter-log-events", group, pattern)


def _first_seen(letter: DeadLetter) -> str:
    return _time(letter.sent_at) if letter.was_moved_by_sqs else letter.message.text(dead_letter.FIRST_SEEN)


def _earlier_reason(letter: DeadLetter) -> str:
    code = letter.message.text(dead_letter.FAILURE_CODE)
    return f"{code}, from before it was last redriven" if letter.was_moved_by_sqs and code else ""


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _fields(*fields: tuple[str, str]) -> list[str]:
    """Lines of a name and a value; what is not known is left out."""
    return [f"  {name:<18}{visible(value, MAX_VALUE_BYTES)}" for name, value in fields if value]
