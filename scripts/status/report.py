"""The status of a stage as one screen of text, and as JSON."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from processing.failures import FailureCode
from processing.wording import count_of
from scripts.cli.output import Report, Table
from scripts.cli.units import human_duration
from scripts.status.log import MAX_LINES, FailureCounts
from scripts.status.readings import WINDOW, StageStatus

LABEL_WIDTH = 14
LAST_MINUTES = f"in the last {human_duration(WINDOW)}"


def status_report(status: StageStatus) -> Report:
    """Return the screen: a line for each reading, then failures by code and alarms."""
    report: list[str | Table] = [
        f"Stage {status.stage}, {status.at:%Y-%m-%d %H:%M:%S} UTC",
        *(f"{label:<{LABEL_WIDTH}}{text}" for label, text in _lines(status)),
    ]
    if status.failures and (status.failures.failed or status.failures.retrying):
        report += ["", _failures_table(status.failures)]
    if status.alarms and status.alarms.on:
        rows = [(alarm.name, _ago(alarm.since, status.at), alarm.first_command) for alarm in status.alarms.on]
        report += ["", Table(("alarm", "on for", "first"), rows)]
    return report


def status_document(status: StageStatus) -> dict[str, Any]:
    """Return the readings as JSON; what is not known is null, and `unknown` says why."""
    queue, failures, alarms = status.queue, status.failures, status.alarms
    return {
        "stage": status.stage,
        "at": status.at.isoformat(),
        "queue": {"waiting": queue.visible + queue.delayed, "in_flight": queue.in_flight} if queue else None,
        "dead_letters": status.dead_letters,
        "failures": {"failed": dict(failures.failed), "retrying": dict(failures.retrying), "is_cut": failures.is_cut}
        if failures
        else None,
        "window_seconds": WINDOW.total_seconds(),
        "pace": asdict(status.pace) if status.pace else None,
        "seconds_left": status.seconds_left,
        "alarms_on": [
            {"name": alarm.name, "since": alarm.since.isoformat(), "first_command": alarm.first_command}
            for alarm in alarms.on
        ]
        if alarms
        else None,
        "today": asdict(status.usage) if status.usage else None,
        "dollars_today": status.dollars,
        "unknown": status.unknown,
    }


def _lines(status: StageStatus) -> Iterator[tuple[str, str]]:
    yield "queue", _queue(status)
    yield "oldest", _oldest(status)
    yield "pace", _pace(status)
    yield "finished in", _finished_in(status)
    yield "failed", _failed(status)
    yield "dead letters", _dead_letters(status)
    yield "alarms", _alarms(status)
    yield "today (UTC)", _today(status)


def _queue(status: StageStatus) -> str:
    if status.queue is None:
        return _unknown(status, "queue")
    return f"{status.queue.visible + status.queue.delayed:,} waiting, {status.queue.in_flight:,} in flight"


def _oldest(status: StageStatus) -> str:
    if status.pace is None:
        return _unknown(status, "pace")
    if status.pace.oldest_seconds is None:
        return "SQS reports no age: no message waited lately"
    return f"waits for {human_duration(timedelta(seconds=status.pace.oldest_seconds))}"


def _pace(status: StageStatus) -> str:
    if status.pace is None:
        return _unknown(status, "pace")
    return f"{status.pace.photos_per_second:,.1f} photos a second, {status.pace.processed:,} processed {LAST_MINUTES}"


def _finished_in(status: StageStatus) -> str:
    if status.queue is None:
        return _unknown(status, "queue")
    if not status.queue.all:
        return "nothing is left to do"
    if status.pace is None:
        return _unknown(status, "pace")
    if status.seconds_left is None:
        return f"not known: no message was finished {LAST_MINUTES}"
    return f"about {human_duration(timedelta(seconds=status.seconds_left))} at this pace"


def _failed(status: StageStatus) -> str:
    if status.failures is None:
        return _unknown(status, "failures")
    more = f"; only the newest {MAX_LINES:,} failures are counted" if status.failures.is_cut else ""
    retrying = status.failures.retrying.total()
    return f"{status.failures.failed.total():,} {LAST_MINUTES}, {retrying:,} retries{more}"


def _dead_letters(status: StageStatus) -> str:
    if status.dead_letters is None:
        return _unknown(status, "dead_letters")
    command = f": npm run dlq -- list --stage {status.stage}" if status.dead_letters else ""
    return f"{status.dead_letters:,}{command}"


def _alarms(status: StageStatus) -> str:
    if status.alarms is None:
        return _unknown(status, "alarms")
    return ", ".join(alarm.name for alarm in status.alarms.on) or "none is on"


def _today(status: StageStatus) -> str:
    if status.usage is None:
        return _unknown(status, "usage")
    photos = f"{count_of(status.usage.processed, 'photo')} processed"
    if status.dollars is None:
        return f"{photos}; costs {_unknown(status, 'dollars')}"
    return f"{photos}; it cost about ${status.dollars:,.2f}, without storage"


def _unknown(status: StageStatus, name: str) -> str:
    return f"not known: {status.unknown[name]}"


def _failures_table(failures: FailureCounts) -> Table:
    codes = sorted(
        failures.failed.keys() | failures.retrying.keys(),
        key=lambda code: (-failures.failed[code], -failures.retrying[code], code),
    )
    known = {code.value: code.what_to_do for code in FailureCode}
    rows = [(code, failures.failed[code], failures.retrying[code], known.get(code, "")) for code in codes]
    return Table(("code", "failed", "retries", "what to do"), rows)


def _ago(since: datetime, now: datetime) -> str:
    return human_duration(now - since)
