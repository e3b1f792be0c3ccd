"""The command `dlq list`: counts dead letters by failure code, age and folder."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from processing.wording import count_of
from scripts.aws.dead_letter import NO_KEY, DeadLetter, dead_letters_table, explain
from scripts.aws.dlq_reader import DlqReader, read_dlq
from scripts.aws.stage import find_stage
from scripts.cli.command_line import EXIT_OK, JsonOption, StageOption
from scripts.cli.output import Report, Screen, Table, key_text
from scripts.cli.units import human_duration
from scripts.dlq.selection import CodeOption, KeyOption, NewerOption, OlderOption, Selection, oldest_first

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
        queue: the DLQ's name.
        now: for their age.
        codes: SentTimestamps by failure code.
        ages: counts by age.
        folders: counts by the key up to its last slash.
    """

    queue: str
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
        folder = letter.key.rpartition("/")[0] + "/" if "/" in letter.key else "(top level)"
        self.folders[folder if letter.sources else NO_KEY] += 1


def list_dead_letters(
    stage: StageOption,
    code: CodeOption = None,
    key: KeyOption = None,
    older_than: OlderOption = None,
    newer_than: NewerOption = None,
    each: Annotated[bool, typer.Option("--each", help="Also one line for each dead letter, with its id.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Count the dead letters by failure code, age and folder. Reads all of them and deletes none."""
    queue, screen, selection = (
        find_stage(stage).dlq,
        Screen(as_json=as_json),
        Selection(code, key, older_than, newer_than),
    )
    summary, kept = DlqSummary(queue.name, datetime.now(UTC)), list[DeadLetter]()
    with read_dlq(queue, screen) as reader:
        for letter in reader.dead_letters():
            if not selection.mismatch(letter, summary.now):
                summary.add(letter)
                if each or screen.as_json:
                    kept.append(letter)
    kept.sort(key=oldest_first)
    report = [*summary_report(summary, timedelta(seconds=queue.retention_seconds))]
    if each and kept:
        report += ["", dead_letters_table(kept, summary.now)]
    screen.result(report, summary_document(summary, reader, kept))
    return EXIT_OK


def summary_report(summary: DlqSummary, retention: timedelta) -> Report:
    """Format the counts as tables."""
    if not summary.count:
        return [f"No dead letters in {summary.queue}."]
    now = summary.now
    codes = [
        (code, len(sent), human_duration(now - min(sent)), human_duration(now - max(sent)), explain(code).what_to_do)
        for code, sent in sorted(summary.codes.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    folders = sorted(summary.folders.items(), key=lambda item: (-item[1], item[0]))
    more = [f"... and {len(folders) - MAX_FOLDERS:,} more folders"] if len(folders) > MAX_FOLDERS else []
    left = human_duration(min(map(min, summary.codes.values())) + retention - now)
    return [
        f"{count_of(summary.count, 'dead letter')} in {summary.queue}",
        "",
        Table(("code", "letters", "oldest", "newest", "what to do"), codes),
        "",
        Table(("age", "letters"), [(name, summary.ages[name]) for name, _ in AGES if summary.ages[name]]),
        "",
        Table(("folder", "letters"), [(key_text(name), count) for name, count in folders[:MAX_FOLDERS]]),
        *more,
        "",
        f"SQS deletes the oldest in {left}; it keeps a dead letter for {human_duration(retention)}.",
    ]


def summary_document(summary: DlqSummary, reader: DlqReader, letters: Iterable[DeadLetter]) -> dict[str, Any]:
    """Return the counts and each dead letter as JSON."""
    return {
        "queue": summary.queue,
        "count": summary.count,
        "not_seen": reader.unseen,
        "in_flight": reader.in_flight,
        "move_task_runs": reader.move_task is not None,
        "codes": {
            code: {"count": len(sent), "oldest": min(sent).isoformat(), "newest": max(sent).isoformat()}
            for code, sent in sorted(summary.codes.items())
        },
        "ages": summary.ages,
        "folders": summary.folders,
        "letters": [letter.to_document() for letter in letters],
    }
