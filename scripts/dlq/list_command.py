"""The command `dlq list`: counts dead letters by failure code, age and folder."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from processing.wording import count_of
from scripts.aws.dead_letter import NO_KEY, DeadLetter, dead_letters_table, explain
from scripts.aws.dlq_reader import NOTICE, read_dlq
from scripts.aws.sqs_queue import Depth
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_OK
from scripts.cli.output import Report, Screen, Table, key_text
from scripts.cli.units import human_duration
from scripts.dlq.selection import Selection, oldest_first

AGES = (
    ("up to 1 hour", timedelta(hours=1)),
    ("up to 1 day", timedelta(days=1)),
    ("up to 3 days", timedelta(days=3)),
    ("up to 7 days", timedelta(days=7)),
    ("older", timedelta.max),
)
MAX_FOLDERS = 10


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


def list_dead_letters(stage: Stage, selection: Selection, screen: Screen, *, each: bool) -> int:
    """Count the dead letters of a stage; with `each`, list them too."""
    queue, now = stage.dlq, datetime.now(UTC)
    summary, kept = DlqSummary(now), list[DeadLetter]()
    screen.note(NOTICE)
    with read_dlq(queue) as reader, screen.progress("reading", reader.depth.visible) as on_progress:
        for letter in reader.dead_letters():
            if not selection.mismatch(letter, now):
                summary.add(letter)
                on_progress(summary.count, "")
                if each or screen.as_json:
                    kept.append(letter)
    if reader.shortfall:
        screen.note(reader.shortfall)
    retention = timedelta(seconds=queue.retention_seconds)
    kept.sort(key=oldest_first)
    report = [*summary_report(summary, queue=queue.name, depth=reader.depth, retention=retention)]
    if each and kept:
        report += ["", dead_letters_table(kept, now)]
    screen.result(report, summary_document(summary, queue=queue.name, depth=reader.depth, letters=kept))
    return EXIT_OK


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
        "letters": [letter.to_document() for letter in letters],
    }


def _folder(letter: DeadLetter) -> str:
    if not letter.sources:
        return NO_KEY
    return letter.key.rpartition("/")[0] + "/" if "/" in letter.key else "(top level)"


def _in_flight(depth: Depth) -> list[str]:
    if not depth.in_flight:
        return []
    return [f"{depth.in_flight:,} more are in flight: another reader or a killed run has received them."]
