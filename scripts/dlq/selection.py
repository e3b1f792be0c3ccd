"""Which dead letters a command is about."""

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
    """Every condition that is given must hold.

    Attributes:
        codes: any of these failure codes; empty for all.
        key_glob: `*`, `?` and `[...]` as in a shell, but `*` also matches `/`; capitals differ from small letters.
        older_than: how long ago SQS got it, at least.
        newer_than: how long ago SQS got it, at most.
    """

    codes: frozenset[str] = frozenset()
    key_glob: str | None = None
    older_than: timedelta | None = None
    newer_than: timedelta | None = None

    @property
    def is_everything(self) -> bool:
        return self == Selection()

    def mismatch(self, letter: DeadLetter, now: datetime) -> str:
        """Why a letter is not meant, in two or three words; empty when it is."""
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
        """The conditions in words; empty when there are none."""
        parts = ["code " + " or ".join(sorted(self.codes))] if self.codes else []
        if self.key_glob is not None:
            parts.append(f"key {key_text(self.key_glob)}")
        if self.older_than is not None:
            parts.append(f"older than {human_duration(self.older_than)}")
        if self.newer_than is not None:
            parts.append(f"newer than {human_duration(self.newer_than)}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Selected:
    """Dead letters, parted.

    Attributes:
        chosen: those that are meant, oldest first.
        left: how many are not, by why.
    """

    chosen: tuple[DeadLetter, ...]
    left: Counter[str]

    @property
    def all(self) -> int:
        return len(self.chosen) + self.left.total()


def select(letters: Iterable[DeadLetter], selection: Selection, now: datetime, most: int | None = None) -> Selected:
    """Parts dead letters into those that are meant and the rest.

    Args:
        letters: in any order.
        selection: what they must be like.
        now: for their age.
        most: the oldest so many of them; None for all.
    """
    chosen, left = [], Counter[str]()
    for letter in letters:
        why_not = selection.mismatch(letter, now)
        if why_not:
            left[why_not] += 1
        else:
            chosen.append(letter)
    chosen.sort(key=lambda letter: (letter.sent_at, letter.id))
    if most is not None and len(chosen) > most:
        left["beyond --max"] = len(chosen) - most
        del chosen[most:]
    return Selected(tuple(chosen), left)
