"""The commands' output: tables at a terminal, plain lines in a pipe, JSON for machines.

Nothing else prints. Every line and every cell passes `printable`, so that no key, failure code or answer of AWS leaves
its line or controls the terminal; keys also pass `key_text`, which keeps them apart and short.
"""

import json
import os
import shlex
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console, Group, JustifyMethod
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table as RichTable
from rich.text import Text

from processing.wording import printable, visible
from scripts.cli.units import human_duration

MAX_KEY_BYTES = 300
FIRST_LINE_SECONDS = 2.0
LINE_EVERY_SECONDS = 10.0
_NEVER_FOLDED = ("id", "code")  # columns that users copy
_COLUMN_GAP = "  "
_FRAME = '  File "'


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
    """Prints a command's results, notes and progress.

    Args:
        as_json: print results on stdout as JSON and all prose on stderr.

    Attributes:
        has_result: whether any screen of this process has printed a result.
    """

    has_result = False

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._out = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self._notes = Console(file=sys.stderr, highlight=False, soft_wrap=True)

    @property
    def can_ask(self) -> bool:
        """True if stdin and stderr are a terminal."""
        return sys.stdin.isatty() and self._notes.is_terminal

    def note(self, *lines: str) -> None:
        """Print lines on stderr."""
        for line in lines:
            self._notes.print(Text(printable(line)))

    def result(self, report: Report, document: Any) -> None:
        """Print the result: the report, or the document as JSON."""
        Screen.has_result = True
        if self.as_json:
            print(json.dumps(document, indent=2), flush=True)
        elif self._out.is_terminal:
            for part in report:
                self._out.print(self._drawn(part))
        else:
            for line in plain_lines(report):
                print(line, flush=True)

    @contextmanager
    def refreshed(self) -> Iterator[Callable[[Report, Any], None]]:
        """Show results that replace each other: on one screen at a terminal, one after the other in a pipe.

        Yields:
            A function to call with each report and its document, which becomes one line of JSON.
        """
        if self.as_json:
            yield lambda _, document: print(json.dumps(document), flush=True)
        elif self._out.is_terminal:
            with Live(console=self._out, auto_refresh=False) as live:
                yield lambda report, _: live.update(Group(*map(self._drawn, report)), refresh=True)
        else:
            yield lambda report, document: self.result([*report, ""], document)

    @contextmanager
    def progress(self, what: str, total: int | None) -> Iterator[Callable[[int, str], None]]:
        """Show progress on stderr: a bar at a terminal, lines in a log; say what an interrupt ended.

        Yields:
            A function to call with the number done and a note.
        """
        so_far: tuple[int, str] = (0, "")
        try:
            with self._bar(what, total) as show:

                def on_progress(done: int, note: str) -> None:
                    nonlocal so_far
                    so_far = (done, note)
                    show(done, note)

                yield on_progress
        except KeyboardInterrupt:
            self.note(f"Interrupted while {progress_line(what, so_far[0], total, so_far[1])}")
            raise

    @contextmanager
    def _bar(self, what: str, total: int | None) -> Iterator[Callable[[int, str], None]]:
        if not self._notes.is_terminal:
            yield line_progress(what, total, self.note)
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
            yield lambda done, note: bar.update(task, completed=done, note=printable(note))

    @contextmanager
    def on_interrupt(self, say: Callable[[], str]) -> Iterator[None]:
        """Say what an interrupt of the block leaves done and not done."""
        try:
            yield
        except KeyboardInterrupt:
            self.note(say())
            raise

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show on stderr that a step runs, and how long it took."""
        start = time.monotonic()
        with self._notes.status(f"{title} ..."):
            yield
        self.note(f"{title} ... {time.monotonic() - start:.1f} s")

    def _drawn(self, part: str | Table) -> RichTable | Text:
        return Text(printable(part)) if isinstance(part, str) else _drawn(part, self._out.width)


def discard_output() -> None:
    """Write nothing more to stdout, whose reader has ended."""
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 (flushed at the end of the process)


def print_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an unexpected error with its traceback; its message may hold anything (`sys.excepthook`)."""
    screen = Screen()
    for part in traceback.format_exception(kind, error, trace):
        # Of a frame each line is ours, of a message only the first.
        screen.note(*(part.splitlines() if part.startswith(_FRAME) else [part.rstrip("\n")]))


def line_progress(
    what: str, total: int | None, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
) -> Callable[[int, str], None]:
    """Return a function that says the progress in a line after two seconds, then every ten seconds."""
    start = clock()
    next_line = start + FIRST_LINE_SECONDS

    def on_progress(done: int, note: str) -> None:
        nonlocal next_line
        now = clock()
        if now < next_line:
            return
        next_line = now + LINE_EVERY_SECONDS
        left = ""
        if total is not None and 0 < done < total:
            left = f"about {human_duration(timedelta(seconds=(total - done) * (now - start) / done))} left"
        say(progress_line(what, done, total, note, left))

    return on_progress


def progress_line(what: str, done: int, total: int | None, *notes: str) -> str:
    """Return a line such as `reading: 1,200 of 8,000, about 5 s left`."""
    of_total = "" if total is None else f" of {total:,}"
    return f"{what}: {', '.join(part for part in (f'{done:,}{of_total}', *notes) if part)}"


def key_text(key: str) -> str:
    """Escape a key so that it stays on its line and cannot control the terminal."""
    return visible(key, MAX_KEY_BYTES)


def more_lines(count: int) -> list[str]:
    """Count the rows that a table leaves out; empty if it has all."""
    return [f"... and {count:,} more"] if count > 0 else []


def shell_command(*words: str) -> str:
    """Quote a command to copy; return "" if pasting its characters would control the terminal."""
    line = shlex.join(words)
    return line if line.isprintable() else ""


def plain_lines(report: Report) -> list[str]:
    """Return the report as lines of text, its tables set in columns."""
    lines: list[str] = []
    for part in report:
        lines += [printable(part)] if isinstance(part, str) else _columns(part)
    return lines


def _columns(table: Table) -> list[str]:
    rows = [tuple(map(_cell, row)) for row in (table.headings, *table.rows)]
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
    return f"{cell:,}" if isinstance(cell, int) else printable(cell)


def _drawn(table: Table, width: int) -> RichTable | Text:
    """Draw the table in a frame; without one if unfolded ids would leave no room for the keys."""
    lines = _columns(table)
    frame = len(table.headings) * (3 - len(_COLUMN_GAP)) + 1 + len(_COLUMN_GAP)
    if "id" in table.headings and max(map(len, lines)) + frame > width:
        return Text("\n".join(lines))
    drawn = RichTable()
    right = _numeric_columns(table)
    for column, heading in enumerate(table.headings):
        justify: JustifyMethod = "right" if column in right else "left"
        drawn.add_column(Text(_cell(heading)), justify=justify, overflow="fold", no_wrap=heading in _NEVER_FOLDED)
    for row in table.rows:
        drawn.add_row(*(Text(_cell(cell)) for cell in row))
    return drawn
