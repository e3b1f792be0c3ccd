"""Failures of a command, and the table that groups them by code."""

from collections.abc import Iterable
from dataclasses import dataclass

from scripts.cli.output import Table, key_text

# Codes for failures on this machine, which the service cannot report.
NOT_UPLOADED = "not-uploaded"
NO_OUTCOME = "no-outcome"
NOT_COPIED = "not-copied"

MAX_EXAMPLES = 3


@dataclass(frozen=True)
class Failure:
    """A photo or message that failed.

    Attributes:
        key: the photo's key; empty when the message names none.
        code: a failure code of the service, or one of the codes above.
        what_to_do: for people.
    """

    key: str
    code: str
    what_to_do: str


def failure_table(failures: Iterable[Failure], max_examples: int = MAX_EXAMPLES) -> Table:
    """Group failures by code and advice, the most frequent first."""
    groups: dict[tuple[str, str], list[str]] = {}
    for failure in failures:
        groups.setdefault((failure.code, failure.what_to_do), []).append(failure.key)
    rows = [
        (code, len(keys), what_to_do, _examples(keys, max_examples))
        for (code, what_to_do), keys in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    return Table(("code", "photos", "what to do", "examples"), rows)


def _examples(keys: list[str], max_examples: int) -> str:
    named = [key_text(key) for key in sorted(keys)[:max_examples] if key]
    return ", ".join([*named, "..."] if len(keys) > max_examples else named)
