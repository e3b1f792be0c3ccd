"""The account at the end of a job: counts, bytes, each failure and what to do about it."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from processing.wording import human_bytes, visible
from scripts.start.progress import Failure, Tally

MAX_KEY_BYTES = 300
# The dead letters go with the local stack: there is nothing to redrive.
AFTER_FAILURES = "Your originals are untouched; once what failed is mended, run the folder again."


def print_report(console: Console, tally: Tally, seconds: float) -> None:
    """Prints the closing tables."""
    console.print(_summary(tally, seconds))
    if tally.failures:
        console.print(_failures(tally.failures))
        console.print(AFTER_FAILURES, highlight=False)


def _summary(tally: Tally, seconds: float) -> Table:
    title = "What became of the photos"
    table = Table(title=title, min_width=len(title) + 1, show_header=False)
    for outcome, count in sorted(tally.outcomes.items(), key=lambda item: -item[1]):
        table.add_row(outcome, f"{count:,}")
    if not tally.is_complete:
        table.add_row("not done", f"{tally.expected - tally.settled:,}")
    table.add_section()
    table.add_row("bytes in", human_bytes(tally.bytes_in))
    table.add_row("bytes out", human_bytes(tally.bytes_out))
    table.add_row("images/s", f"{tally.settled / max(seconds, 0.001):.1f}")
    return table


def _failures(failures: Iterable[Failure]) -> Table:
    table = Table(title="What went wrong")
    table.add_column("photo", overflow="fold")
    table.add_column("code", no_wrap=True)
    table.add_column("what to do", overflow="fold")
    for failure in sorted(failures, key=lambda f: (f.code, f.key)):
        table.add_row(
            Text(visible(failure.key, MAX_KEY_BYTES)), failure.code, Text(visible(failure.what_to_do, MAX_KEY_BYTES))
        )
    return table
