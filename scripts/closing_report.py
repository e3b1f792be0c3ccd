"""The account at the end of a job: counts, bytes, each failure and what to do about it."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from scripts.tally import Failure, Tally

UNITS = ("bytes", "KB", "MB", "GB", "TB")


def print_report(console: Console, tally: Tally, seconds: float) -> None:
    """Prints the closing tables."""
    console.print(_summary(tally, seconds))
    if tally.failures:
        console.print(_failures(tally.failures))


def readable_bytes(size: float) -> str:
    """1,234,567 becomes `1.2 MB` (decimal units, as disks and S3's price list count)."""
    for unit in UNITS[:-1]:
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} {UNITS[-1]}"


def printable(key: str) -> str:
    """A key as one line that cannot move the cursor or forge another line: unprintable characters are escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in key)


def _summary(tally: Tally, seconds: float) -> Table:
    table = Table(title="What became of the photos", show_header=False)
    for outcome, count in sorted(tally.outcomes.items(), key=lambda item: -item[1]):
        table.add_row(outcome, f"{count:,}")
    table.add_section()
    table.add_row("bytes in", readable_bytes(tally.bytes_in))
    table.add_row("bytes out", readable_bytes(tally.bytes_out))
    table.add_row("images/s", f"{tally.settled / max(seconds, 0.001):.1f}")
    return table


def _failures(failures: Iterable[Failure]) -> Table:
    table = Table(title="What went wrong")
    table.add_column("photo", overflow="fold")
    table.add_column("code", no_wrap=True)
    table.add_column("what to do", overflow="fold")
    for failure in sorted(failures, key=lambda f: (f.code, f.key)):
        table.add_row(Text(printable(failure.key)), failure.code, Text(printable(failure.what_to_do)))
    return table
