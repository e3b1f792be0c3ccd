"""Tables, folded parts and figures in Markdown."""

from collections.abc import Iterable, Sequence
from typing import Any


def spread_text(spread: Any, *, digits: int = 0) -> str:
    """Return the median with the lowest and the highest value."""
    median, low, high = (f"{spread[name]:,.{digits}f}" for name in ("median", "low", "high"))
    return f"{median} ({low} to {high})"


def table(head: str, rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table in Markdown; the head's columns are separated by `|`."""
    columns = head.split("|")
    return [f"| {' | '.join(cells)} |" for cells in (columns, ["---"] * len(columns), *rows)]


def folded(title: str, lines: Iterable[str]) -> list[str]:
    """Return lines behind a title that opens them."""
    return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>"]
