"""Selects dead letters by failure code, key and age."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from scripts.aws.dead_letter import DeadLetter
from scripts.cli.output import key_text
from scripts.cli.units import human_duration


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Conditions; a dead letter must fulfil all that are given.

    Attributes:
        codes: any of these failure codes; empty for all.
        key_glob: `*`, `?` and `[...]` as in a shell, but `*` also matches `/`; case-sensitive.
        older_than: the least time since SentTimestamp.
        newer_than: the most time since SentTimestamp.
    """

    codes: frozenset[str] = frozenset()
    key_glob: str | None = None
    older_than: timedelta | None = None
    newer_than: timedelta | None = None

    @property
    def is_everything(self) -> bool:
        return self == Selection()

    def mismatch(self, letter: DeadLetter, now: datetime) -> str:
        """Return the first condition that a dead letter fails, in words; empty if none."""
        if self.codes and letter.code not in self.codes:
            return "of another code"
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


def oldest_first(letter: DeadLetter) -> tuple[datetime, str]:
    """Return the sort key of the reports."""
    return letter.sent_at, letter.id
