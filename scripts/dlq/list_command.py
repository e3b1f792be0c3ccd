"""The command `dlq list`: counts dead letters by failure code, age and folder."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from processing.wording import count_of, visible
from scripts.aws.dead_letter import DEAD_LETTER_HEADINGS, NO_KEY, DeadLetter, dead_letter_row, explain
from scripts.aws.dlq_reader import DlqReader, read_dlq
from scripts.aws.stage import find_stage
from scripts.cli.command_line import EXIT_OK, JsonOption, StageOption
from scripts.cli.output import Report, Screen, Table, key_text
from scripts.cli.units import human_duration
from scripts.dlq.selection import CodeOption, KeyOption, NewerOption, OlderOption, Selection

AGES = (
    ("up to 1 hour", timedelta(hours=1)),
    ("up to 1 day", timedelta(days=1)),
    ("up to 3 days", timedelta(days=3)),
    ("up to 7 days", timedelta(days=7)),
    ("older", timedelta.max),
)
MAX_FOLDERS = 10
MAX_DETAILS = 1000  # different ones, of each code
MAX_DETAIL_BYTES = 200
NO_DETAIL = "(none)"

Row = tuple[datetime, str, tuple[str, ...]]


@dataclass
class CodeSummary:
    """The dead letters of one failure code.

    Attributes:
        oldest: the least SentTimestamp.
        newest: the greatest SentTimestamp.
        details: counts by detail, up to MAX_DETAILS different ones.
        examples: for each of these details its first key.
    """

    oldest: datetime
    newest: datetime
    count: int = 0
    details: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, letter: DeadLetter) -> None:
        self.count += 1
        self.oldest, self.newest = min(self.oldest, letter.sent_at), max(self.newest, letter.sent_at)
        if letter.detail in self.details or len(self.details) < MAX_DETAILS:
            self.details[letter.detail] += 1
            example = self.examples.get(letter.detail)
            self.examples[letter.detail] = letter.key if example is None else min(example, letter.key)

    @property
    def detail(self) -> str:
        """The commonest detail; of equally common ones the first."""
        return min(self.details, key=lambda detail: (-self.details[detail], detail))

    def to_document(self) -> dict[str, Any]:
        times = {"oldest": self.oldest.isoformat(), "newest": self.newest.isoformat()}
        common = {"detail": self.detail, "detail_count": self.details[self.detail]}
        return {"count": self.count, **times, **common, "example": self.examples[self.detail]}


@dataclass
class DlqSummary:
    """Counts of dead letters.

    Attributes:
        queue: the DLQ's name.
        now: for their age.
        codes: by failure code.
        ages: counts by age.
        folders: counts by the key up to its last slash.
    """

    queue: str
    now: datetime
    codes: dict[str, CodeSummary] = field(default_factory=dict)
    ages: Counter[str] = field(default_factory=Counter)
    folders: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        return self.ages.total()

    def add(self, letter: DeadLetter) -> None:
        self.codes.setdefault(letter.code, CodeSummary(letter.sent_at, letter.sent_at)).add(letter)
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
    queue, screen = find_stage(stage).dlq, Screen(as_json=as_json)
    selection, summary = Selection(code, key, older_than, newer_than), DlqSummary(queue.name, datetime.now(UTC))
    rows, documents = list[Row](), list[dict[str, Any]]()
    with read_dlq(queue, screen) as reader:
        for letter in reader.dead_letters():
            if not selection.mismatch(letter, summary.now):
                summary.add(letter)
                # Rows and documents, because whole dead letters are ten times as large.
                documents += [letter.to_document()] if as_json else []
                rows += [(letter.sent_at, letter.id, dead_letter_row(letter, summary.now))] if each else []
    report = [*summary_report(summary, timedelta(seconds=queue.retention_seconds))]
    if rows:
        report += ["", Table(DEAD_LETTER_HEADINGS, [row for *_, row in sorted(rows)])]
    documents.sort(key=lambda document: (document["sent_at"], document["id"]))
    screen.result(report, summary_document(summary, reader, documents))
    return EXIT_OK


def summary_report(summary: DlqSummary, retention: timedelta) -> Report:
    """Format the counts as tables."""
    if not summary.count:
        return [f"No dead letters in {summary.queue}."]
    now = summary.now
    ranked = sorted(summary.codes.items(), key=lambda item: (-item[1].count, item[0]))
    codes = [
        (
            code,
            each.count,
            human_duration(now - each.oldest),
            human_duration(now - each.newest),
            explain(code).what_to_do,
        )
        for code, each in ranked
    ]
    causes = [
        (
            code,
            visible(each.detail or NO_DETAIL, MAX_DETAIL_BYTES),
            each.details[each.detail],
            key_text(each.examples[each.detail] or NO_KEY),
        )
        for code, each in ranked
    ]
    folders = sorted(summary.folders.items(), key=lambda item: (-item[1], item[0]))
    more = [f"... and {len(folders) - MAX_FOLDERS:,} more folders"] if len(folders) > MAX_FOLDERS else []
    left = human_duration(min(each.oldest for each in summary.codes.values()) + retention - now)
    return [
        f"{count_of(summary.count, 'dead letter')} in {summary.queue}",
        "",
        Table(("code", "letters", "oldest", "newest", "what to do"), codes),
        "",
        Table(("code", "commonest detail", "letters", "example"), causes),
        "",
        Table(("age", "letters"), [(name, summary.ages[name]) for name, _ in AGES if summary.ages[name]]),
        "",
        Table(("folder", "letters"), [(key_text(name), count) for name, count in folders[:MAX_FOLDERS]]),
        *more,
        "",
        f"SQS deletes the oldest in {left}; it keeps a dead letter for {human_duration(retention)}.",
    ]


def summary_document(summary: DlqSummary, reader: DlqReader, letters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the counts, and each dead letter's own document, as JSON."""
    return {
        "queue": summary.queue,
        "count": summary.count,
        "not_seen": reader.unseen,
        "in_flight": reader.in_flight,
        "move_task_runs": reader.move_task is not None,
        "codes": {code: each.to_document() for code, each in sorted(summary.codes.items())},
        "ages": summary.ages,
        "folders": summary.folders,
        "letters": letters,
    }
