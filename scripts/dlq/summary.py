"""Counts dead letters by failure code, age and folder, and lists them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from processing.wording import count_of
from scripts.aws.dead_letter import DeadLetter, explain
from scripts.aws.sqs_queue import Depth
from scripts.cli.output import Report, Table, key_text
from scripts.cli.units import human_duration

AGES = (
    ("up to 1 hour", timedelta(hours=1)),
    ("up to 1 day", timedelta(days=1)),
    ("up to 3 days", timedelta(days=3)),
    ("up to 7 days", timedelta(days=7)),
    ("older", timedelta.max),
)
MAX_FOLDERS = 10
NO_KEY = "(names no photo)"


@dataclass
class DlqSummary:
    """Counts of dead letters.

    Attributes:
        now: for their age.
        codes: SentTimestamps by failure code.
        ages: counts by age.
        folders: counts by the key up to its last slash.
    """

    now: datetime
    codes: dict[str, list[datetime]] = field(default_factory=dict)
    ages: Counter[str] = field(default_factory=Counter)
    folders: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        return self.ages.total()

    def add(self, letter: DeadLetter) -> None:
        self.codes.setdefault(letter.code, []).append(letter.sent_at)
        self.ages[next(name for name, limit in AGES if letter.age(self.now) <= limit)] += 1
        self.folders[_folder(letter)] += 1


def summary_report(summary: DlqSummary, *, queue: str, depth: Depth, retention: timedelta) -> Report:
    """Format the counts as tables."""
    if summary.count == 0:
        return [f"No dead letters in {queue}.", *_in_flight(depth)]
    now = summary.now
    codes = sorted(summary.codes.items(), key=lambda item: (-len(item[1]), item[0]))
    rows = [
        (code, len(sent), human_duration(now - min(sent)), human_duration(now - max(sent)), explain(code).what_to_do)
        for code, sent in codes
    ]
    by_age = Table(("age", "letters"), [(name, summary.ages[name]) for name, _ in AGES if summary.ages[name]])
    folders = sorted(summary.folders.items(), key=lambda item: (-item[1], item[0]))
    by_folder = Table(("folder", "letters"), [(key_text(name), count) for name, count in folders[:MAX_FOLDERS]])
    more = [f"... and {len(folders) - MAX_FOLDERS:,} more folders"] if len(folders) > MAX_FOLDERS else []
    left = human_duration(min(map(min, summary.codes.values())) + retention - now)
    return [
        f"{count_of(summary.count, 'dead letter')} in {queue}",
        "",
        Table(("code", "letters", "oldest", "newest", "what to do"), rows),
        "",
        by_age,
        "",
        by_folder,
        *more,
        "",
        f"SQS deletes the oldest in {left}; it keeps a dead letter for {human_duration(retention)}.",
        *_in_flight(depth),
    ]


def summary_document(summary: DlqSummary, *, queue: str, depth: Depth, letters: Iterable[DeadLetter]) -> dict[str, Any]:
    """Return the counts and each dead letter as JSON."""
    return {
        "queue": queue,
        "count": summary.count,
        "in_flight": depth.in_flight,
        "codes": {
            code: {"count": len(sent), "oldest": min(sent).isoformat(), "newest": max(sent).isoformat()}
            for code, sent in sorted(summary.codes.items())
        },
        "ages": dict(summary.ages),
        "folders": dict(summary.folders),
        "letters": [dead_letter_document(letter) for letter in letters],
    }


def dead_letters_table(letters: Iterable[DeadLetter], now: datetime) -> Table:
    """List dead letters, one line each."""
    rows = [(letter.id, letter.code, human_duration(letter.age(now)), _keys(letter)) for letter in letters]
    return Table(("id", "code", "age", "key"), rows)


def dead_letter_document(letter: DeadLetter) -> dict[str, Any]:
    """Return a dead letter as JSON, without its body."""
    return {
        "id": letter.id,
        "message_id": letter.message_id,
        "code": letter.code,
        "sent_at": letter.sent_at.isoformat(),
        "sources": [{"bucket": s.bucket, "key": s.key, "etag": s.etag} for s in letter.sources],
    }


def _folder(letter: DeadLetter) -> str:
    if not letter.sources:
        return NO_KEY
    return letter.key.rpartition("/")[0] + "/" if "/" in letter.key else "(top level)"


def _keys(letter: DeadLetter) -> str:
    if not letter.sources:
        return NO_KEY
    more = f" and {len(letter.sources) - 1} more" if len(letter.sources) > 1 else ""
    return key_text(letter.key) + more


def _in_flight(depth: Depth) -> list[str]:
    if not depth.in_flight:
        return []
    return [f"{depth.in_flight:,} more are in flight: another reader or a killed run has received them."]
