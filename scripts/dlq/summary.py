"""What lies in a DLQ: dead letters counted by code, by age and by folder."""

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


@dataclass(frozen=True)
class Group:
    """Dead letters with the same code: how many, and when SQS got the first and the last."""

    count: int
    oldest: datetime
    newest: datetime

    def with_another(self, sent_at: datetime) -> "Group":
        return Group(self.count + 1, min(self.oldest, sent_at), max(self.newest, sent_at))


@dataclass
class DlqSummary:
    """The counts."""

    now: datetime
    codes: dict[str, Group] = field(default_factory=dict)
    ages: Counter[str] = field(default_factory=Counter)
    folders: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        return self.ages.total()

    @property
    def oldest(self) -> datetime | None:
        return min((group.oldest for group in self.codes.values()), default=None)

    def add(self, letter: DeadLetter) -> None:
        group = self.codes.get(letter.code, Group(0, letter.sent_at, letter.sent_at))
        self.codes[letter.code] = group.with_another(letter.sent_at)
        self.ages[next(name for name, limit in AGES if letter.age(self.now) <= limit)] += 1
        self.folders[folder_of(letter)] += 1


def folder_of(letter: DeadLetter) -> str:
    """The key up to its last slash."""
    if not letter.sources:
        return NO_KEY
    return letter.key.rpartition("/")[0] + "/" if "/" in letter.key else "(top level)"


def summary_report(census: DlqSummary, *, queue: str, depth: Depth, retention: timedelta) -> Report:
    """The counts for people."""
    if census.count == 0:
        return [f"No dead letters in {queue}.", *_in_flight(depth)]
    now = census.now
    by_code = Table(
        ("code", "letters", "oldest", "newest", "what to do"),
        [
            (code, g.count, human_duration(now - g.oldest), human_duration(now - g.newest), explain(code).what_to_do)
            for code, g in sorted(census.codes.items(), key=lambda item: (-item[1].count, item[0]))
        ],
    )
    by_age = Table(("age", "letters"), [(name, census.ages[name]) for name, _ in AGES if census.ages[name]])
    folders = sorted(census.folders.items(), key=lambda item: (-item[1], item[0]))
    shown = [(key_text(name), count) for name, count in folders[:MAX_FOLDERS]]
    report: list[str | Table] = [f"{count_of(census.count, 'dead letter')} in {queue}", "", by_code, "", by_age, ""]
    report.append(Table(("folder", "letters"), shown))
    if len(folders) > MAX_FOLDERS:
        report.append(f"... and {len(folders) - MAX_FOLDERS:,} more folders")
    return [*report, "", *_expiry(census, retention), *_in_flight(depth)]


def summary_document(census: DlqSummary, *, queue: str, depth: Depth, letters: Iterable[DeadLetter]) -> dict[str, Any]:
    """The counts for machines, and each letter."""
    return {
        "queue": queue,
        "count": census.count,
        "in_flight": depth.in_flight,
        "codes": {
            code: {"count": g.count, "oldest": g.oldest.isoformat(), "newest": g.newest.isoformat()}
            for code, g in sorted(census.codes.items())
        },
        "ages": dict(census.ages),
        "folders": dict(census.folders),
        "letters": [dead_letter_document(letter) for letter in letters],
    }


def dead_letters_table(letters: Iterable[DeadLetter], now: datetime) -> Table:
    """One line a letter."""
    rows = [(letter.id, letter.code, human_duration(letter.age(now)), _keys(letter)) for letter in letters]
    return Table(("id", "code", "age", "key"), rows)


def dead_letter_document(letter: DeadLetter) -> dict[str, Any]:
    """One letter for machines, without its body."""
    return {
        "id": letter.id,
        "message_id": letter.message_id,
        "code": letter.code,
        "sent_at": letter.sent_at.isoformat(),
        "sources": [{"bucket": s.bucket, "key": s.key, "etag": s.etag} for s in letter.sources],
    }


def _keys(letter: DeadLetter) -> str:
    if not letter.sources:
        return NO_KEY
    more = f" and {len(letter.sources) - 1} more" if len(letter.sources) > 1 else ""
    return key_text(letter.key) + more


def _expiry(census: DlqSummary, retention: timedelta) -> list[str]:
    assert census.oldest is not None  # noqa: S101 (for the type checker: there is at least one)
    left, kept = human_duration(census.oldest + retention - census.now), human_duration(retention)
    return [f"SQS deletes the oldest in {left}; it keeps a dead letter for {kept}."]


def _in_flight(depth: Depth) -> list[str]:
    if not depth.in_flight:
        return []
    return [f"{depth.in_flight:,} more are held by someone else just now (another reader, or a run that was killed)."]
