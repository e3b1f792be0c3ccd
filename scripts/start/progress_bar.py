"""Progress of a job: a bar for people at a terminal, a plain line now and then for logs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from processing.wording import count_of
from scripts.start.progress import Tally

PLAIN_LINE_EVERY_SECONDS = 5.0


class RateColumn(ProgressColumn):
    """Images per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.finished_speed or task.speed or 0:.1f} images/s")


class JobProgress:
    """Shows a tally as it grows; call it with the tally."""

    def __init__(self, console: Console, bar: Progress, expected: int) -> None:
        self._console = console
        self._bar = bar
        self._task = bar.add_task("photos", total=expected, uploaded=0, failed=0)
        self._start = self._last_line = time.monotonic()

    def __call__(self, tally: Tally) -> None:
        self._bar.update(self._task, completed=tally.settled, uploaded=tally.uploaded, failed=len(tally.failures))
        if not self._console.is_terminal and self._is_line_due(tally):
            self._print_line(tally)

    def _is_line_due(self, tally: Tally) -> bool:
        return tally.is_complete or time.monotonic() - self._last_line >= PLAIN_LINE_EVERY_SECONDS

    def _print_line(self, tally: Tally) -> None:
        self._last_line = time.monotonic()
        rate = tally.settled / max(self._last_line - self._start, 0.001)
        left = f", about {(tally.expected - tally.settled) / rate:.0f} s left" if rate and not tally.is_complete else ""
        self._console.print(
            f"{tally.settled:,} of {count_of(tally.expected, 'photo')} done, {tally.uploaded:,} uploaded, "
            f"{len(tally.failures):,} failed, {rate:.1f} images/s{left}",
            highlight=False,
        )


@contextmanager
def job_progress(console: Console, expected: int) -> Iterator[JobProgress]:
    """Shows progress on standard error while the block runs."""
    bar = Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("uploaded {task.fields[uploaded]} · failed {task.fields[failed]}"),
        RateColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    with bar:
        yield JobProgress(console, bar, expected)
