"""Failures by their codes: 34 photos with one cause are one line, and the two with another are not hidden by them."""

from collections.abc import Iterable
from dataclasses import dataclass

from scripts.cli.output import Table, key_text

MAX_EXAMPLES = 3


@dataclass(frozen=True)
class Failure:
    """Something that did not come through.

    Attributes:
        key: the photo's key; empty when there is none.
        code: a failure code, or a word of the command's own.
        what_to_do: for people.
    """

    key: str
    code: str
    what_to_do: str


def failure_table(failures: Iterable[Failure]) -> Table:
    """One line for each code and advice, the most frequent first."""
    groups: dict[tuple[str, str], list[str]] = {}
    for failure in failures:
        groups.setdefault((failure.code, failure.what_to_do), []).append(failure.key)
    rows = [
        (code, len(keys), what_to_do, _examples(keys))
        for (code, what_to_do), keys in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    return Table(("code", "photos", "what to do", "examples"), rows)


def _examples(keys: list[str]) -> str:
    named = [key_text(key) for key in sorted(keys)[:MAX_EXAMPLES] if key]
    return ", ".join([*named, "..."] if len(keys) > MAX_EXAMPLES else named)
