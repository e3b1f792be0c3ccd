"""Selects dead letters by failure code, key and age; the options that say so."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Annotated

import typer

from scripts.aws.dead_letter import CODES, DeadLetter
from scripts.cli.output import key_text
from scripts.cli.units import human_duration, parse_duration


def parse_code(text: str) -> str:
    """Parse `--code`.

    Raises:
        BadParameter: it is not a failure code.
    """
    if text not in CODES:
        raise typer.BadParameter(f"{text!r} is not a failure code: {', '.join(CODES)}")
    return text


CodeOption = Annotated[
    list[str] | None,
    typer.Option("--code", parser=parse_code, metavar="CODE", help="Only this failure code; repeatable."),
]
KeyOption = Annotated[
    str | None,
    typer.Option("--key", metavar="GLOB", help="Only keys like '2026/*.jpg'. Quote it; * matches / too."),
]
OlderOption = Annotated[
    timedelta | None,
    typer.Option("--older-than", parser=parse_duration, metavar="TIME", help="Only older than 90s, 15m, 2h, 3d."),
]
NewerOption = Annotated[
    timedelta | None,
    typer.Option("--newer-than", parser=parse_duration, metavar="TIME", help="Only newer than 90s, 15m, 2h, 3d."),
]


@dataclass(frozen=True)
class Selection:
    """Conditions; a dead letter must fulfil all that are given.

    Attributes:
        codes: any of these failure codes; none for all.
        key_glob: `*`, `?` and `[...]` as in a shell, but `*` also matches `/`; case-sensitive.
        older_than: the least time since SentTimestamp.
        newer_than: the most time since SentTimestamp.
        retryable_only: no permanent failures, which come back.
    """

    codes: Collection[str] | None = None
    key_glob: str | None = None
    older_than: timedelta | None = None
    newer_than: timedelta | None = None
    retryable_only: bool = False

    @property
    def is_everything(self) -> bool:
        return not self.describe()

    def mismatch(self, letter: DeadLetter, now: datetime) -> str:
        """Return the first condition that a dead letter fails, in words; empty if none."""
        if self.codes and letter.code not in self.codes:
            return "of another code"
        if self.retryable_only and letter.is_permanent:
            return "permanent (take them with --code or --all)"
        if self.key_glob is not None and not any(fnmatchcase(s.key, self.key_glob) for s in letter.sources):
            return "of another key"
        if self.older_than is not None and letter.age(now) < self.older_than:
            return "too young"
        if self.newer_than is not None and letter.age(now) > self.newer_than:
            return "too old"
        return ""

    def describe(self) -> str:
        """Return the conditions in words; empty if there are none."""
        parts = ["code " + " or ".join(sorted(self.codes))] if self.codes else []
        if self.retryable_only:
            parts.append("retryable codes")
        if self.key_glob is not None:
            parts.append(f"key {key_text(self.key_glob)}")
        if self.older_than is not None:
            parts.append(f"older than {human_duration(self.older_than)}")
        if self.newer_than is not None:
            parts.append(f"newer than {human_duration(self.newer_than)}")
        return ", ".join(parts)


def select(
    letters: Iterable[DeadLetter], selection: Selection, now: datetime, most: int | None = None
) -> tuple[list[DeadLetter], Counter[str]]:
    """Select dead letters, oldest first, `most` at most; count the others by reason."""
    selected, left = [], Counter[str]()
    for letter in letters:
        if reason := selection.mismatch(letter, now):
            left[reason] += 1
        else:
            selected.append(letter)
    selected.sort(key=oldest_first)
    if most is not None and len(selected) > most:
        left["beyond --max"] = len(selected) - most
        del selected[most:]
    return selected, left


def by_key(letter: DeadLetter) -> tuple[str, datetime, str]:
    """Return the sort key of the plans."""
    return letter.key, letter.sent_at, letter.id


def oldest_first(letter: DeadLetter) -> tuple[datetime, str]:
    """Return the sort key by which `--max` chooses."""
    return letter.sent_at, letter.id
