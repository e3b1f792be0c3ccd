"""What the scripts say: tables for people at a terminal, plain lines when piped, JSON for machines.

Keys are data: they reach a screen only through `visible`, as plain text, never as markup.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from rich.console import Console, JustifyMethod
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table as RichTable
from rich.text import Text

from processing.wording import visible
from scripts.cli.units import human_duration

MAX_KEY_BYTES = 300
LINE_EVERY_SECONDS = 10.0
# What people copy from a table stays in one piece.
_TO_COPY = ("id", "code")
_COLUMN_GAP = "  "


@dataclass(frozen=True)
class Table:
    """Rows under headings.

    Attributes:
        headings: one for each column.
        rows: texts, or numbers, which are set flush right.
    """

    headings: tuple[str, ...]
    rows: Sequence[tuple[str | int, ...]]


Report = Sequence[str | Table]


class Screen:
    """Where a script speaks.

    Args:
        as_json: results go to stdout as JSON; all prose goes to stderr.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._out = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self._notes = Console(file=sys.stderr, highlight=False, soft_wrap=True)

    @property
    def can_ask(self) -> bool:
        """Whether a person is there to answer."""
        return sys.stdin.isatty() and self._notes.is_terminal

    def note(self, line: str) -> None:
        """Says something beside the result."""
        self._notes.print(Text(line))

    def result(self, report: Report, document: Any) -> None:
        """Gives the result: the report to people, the document to machines."""
        if self.as_json:
            print(json.dumps(document, indent=2), flush=True)
        elif self._out.is_terminal:
            for part in report:
                self._out.print(Text(part) if isinstance(part, str) else _drawn(part, self._out.width))
        else:
            for line in plain_lines(report):
                print(line, flush=True)

    @contextmanager
    def progress(self, what: str, total: int | None) -> Iterator[Callable[[int, str], None]]:
        """Shows on stderr how far a job is; call it with what is done and a note.

        A bar for people at a terminal, and a line now and then for a log.
        """
        if not self._notes.is_terminal:
            yield LineProgress(what, total, self.note)
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._notes, transient=True) as bar:
            task = bar.add_task(what, total=total, note="")
            yield lambda done, note: bar.update(task, completed=done, note=note)


class LineProgress:
    """Progress as lines, one every ten seconds.

    Args:
        what: what is being done.
        total: how much there is; None when nobody knows.
        say: prints a line.
        clock: seconds, monotonic.
    """

    def __init__(
        self, what: str, total: int | None, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._total = total
        self._say = say
        self._clock = clock
        self._start = self._last_line = clock()

    def __call__(self, done: int, note: str) -> None:
        now = self._clock()
        if now - self._last_line < LINE_EVERY_SECONDS:
            return
        self._last_line = now
        parts = [
            f"{done:,} of {self._total:,}" if self._total is not None else f"{done:,}",
            note,
            self._left(done, now),
        ]
        self._say(f"{self._what}: {', '.join(part for part in parts if part)}")

    def _left(self, done: int, now: float) -> str:
        if self._total is None or not 0 < done < self._total:
            return ""
        seconds_left = (self._total - done) * (now - self._start) / done
        return f"about {human_duration(timedelta(seconds=seconds_left))} left"


def key_text(key: str) -> str:
    """A key on one line that cannot move the cursor, forge another line or reverse its direction."""
    return visible(key, MAX_KEY_BYTES)


def plain_lines(report: Report) -> list[str]:
    """The report as lines of text, its tables set in columns."""
    lines: list[str] = []
    for part in report:
        lines += part.split("\n") if isinstance(part, str) else _columns(part)
    return lines


def _columns(table: Table) -> list[str]:
    rows = [table.headings, *(tuple(map(_cell, row)) for row in table.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.headings))]
    right = _numeric_columns(table)
    return [
        _COLUMN_GAP.join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _numeric_columns(table: Table) -> set[int]:
    return {column for row in table.rows for column, cell in enumerate(row) if isinstance(cell, int)}


def _cell(cell: str | int) -> str:
    return f"{cell:,}" if isinstance(cell, int) else cell


def _drawn(table: Table, width: int) -> RichTable | Text:
    """The table in a frame; bare when ids, which stay in one piece, would leave no room for the keys beside them."""
    lines = _columns(table)
    frame = len(table.headings) * (3 - len(_COLUMN_GAP)) + 1 + len(_COLUMN_GAP)
    is_too_wide = max(map(len, lines)) + frame > width
    return Text("\n".join(lines)) if is_too_wide and "id" in table.headings else _rich_table(table)


def _rich_table(table: Table) -> RichTable:
    drawn = RichTable()
    right = _numeric_columns(table)
    for column, heading in enumerate(table.headings):
        justify: JustifyMethod = "right" if column in right else "left"
        drawn.add_column(Text(heading), justify=justify, overflow="fold", no_wrap=heading in _TO_COPY)
    for row in table.rows:
        drawn.add_row(*(Text(_cell(cell)) for cell in row))
    return drawn
