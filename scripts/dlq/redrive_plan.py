"""Plans a redrive: the request, the action for each dead letter, and the dry run's report."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from processing.wording import count_of
from scripts.aws.dead_letter import DeadLetter, dead_letters_table, explain
from scripts.cli.output import Report, Table, more_lines
from scripts.cli.units import human_duration
from scripts.dlq.selection import Selection
from scripts.sending.journal import JournalEntry
from scripts.sending.sender import REFUSED, SENDING

MAX_SHOWN = 20
DRY_RUN = "Dry run: nothing was sent or deleted. Add --execute to act."


@dataclass(frozen=True, kw_only=True)
class RedriveRequest:
    """The options of `dlq redrive`.

    Attributes:
        most: the oldest N at most; None for all.
        to: the URL of the destination.
        canary: how many go first, alone; 0 for none.
        patience_seconds: how long to wait for outcomes.
    """

    selection: Selection
    most: int | None
    per_second: float | None
    to: str
    canary: int
    verify: bool
    journal: Path
    patience_seconds: float = 1800.0


class RedriveStep(StrEnum):
    """The steps that a dead letter still needs."""

    MOVE = "send, then delete"
    MOVE_AGAIN = "send again, then delete"
    DELETE = "delete (sent earlier)"


class RedriveAction(NamedTuple):
    """A dead letter and its steps."""

    step: RedriveStep
    letter: DeadLetter


@dataclass(frozen=True, kw_only=True)
class RedrivePlan:
    """A planned redrive.

    Attributes:
        actions: oldest dead letter first.
        left: how many dead letters stay, by reason.
        in_flight: how many more another reader has received.
        unseen: how many were not read, those in flight included.
        pending: how many messages of earlier runs have no outcome yet and are waited for too.
        by_move_task: whether SQS moves them itself.
    """

    source: str
    destination: str
    request: RedriveRequest
    actions: tuple[RedriveAction, ...]
    left: Counter[str]
    in_flight: int
    unseen: int
    pending: int
    by_move_task: bool

    @property
    def letters(self) -> list[DeadLetter]:
        return [action.letter for action in self.actions]

    @property
    def permanent(self) -> Counter[str]:
        """Counts of permanent failures that are sent, by code."""
        sent = [action.letter for action in self.actions if action.step is not RedriveStep.DELETE]
        return Counter(letter.code for letter in sent if letter.is_permanent)

    def report(self, now: datetime) -> Report:
        """Format the plan as a table and notes."""
        headline, *staying = self.summary()
        if not self.actions:
            return [headline, *staying, *self._notes()]
        table = dead_letters_table(self.letters[:MAX_SHOWN], now)
        rows = [(action.step, *row) for action, row in zip(self.actions, table.rows, strict=False)]
        actions = Table(("action", *table.headings), rows)
        return [headline, "", actions, *more_lines(len(self.actions) - MAX_SHOWN), "", *staying, *self._notes()]

    def summary(self) -> list[str]:
        """Return how many dead letters would be redriven, and how many stay."""
        count, total, per_second = len(self.actions), len(self.actions) + self.left.total(), self.request.per_second
        conditions = self.request.selection.describe()
        conditions = f" ({conditions})" if conditions else ""
        of_all = f"{count:,} of {count_of(total, 'dead letter')}{conditions}"
        headline = f"To redrive: {of_all}, from {self.source} to {self.destination}"
        if not count:
            headline = f"Nothing to redrive: {count_of(total, 'dead letter')} in {self.source}, 0 match{conditions}"
        elif per_second is not None:
            longest = human_duration(timedelta(seconds=count / per_second))
            headline += f", {per_second:g} a second at most: about {longest}"
        reasons = ", ".join(f"{number:,} {reason}" for reason, number in sorted(self.left.items()))
        return [f"{headline}.", *([f"{self.left.total():,} stay: {reasons}."] if self.left else [])]

    def to_document(self) -> dict[str, Any]:
        return {
            "executed": False,
            "source": self.source,
            "destination": self.destination,
            "actions": [{"action": a.step.name.lower(), **a.letter.to_document()} for a in self.actions],
            "left": self.left,
            "in_flight": self.in_flight,
            "not_seen": self.unseen,
            "by_move_task": self.by_move_task,
            "permanent": self.permanent,
        }

    def _notes(self) -> list[str]:
        notes, request = [], self.request
        if self.in_flight:
            notes.append(f"{self.in_flight:,} more are in flight; --execute waits for them.")
        if self.by_move_task:
            notes.append("This is the whole queue, so SQS moves it itself (a message move task). Ctrl-C cancels it.")
        if request.canary and self.actions:
            canary = min(request.canary, len(self.actions))
            notes.append(f"A canary of {canary:,} goes first; the rest only if all of it goes well.")
        if request.verify:
            longest = human_duration(timedelta(seconds=request.patience_seconds))
            notes.append(f"Then every outcome is waited for, {longest} at most.")
        if self.pending:
            notes.append(f"{count_of(self.pending, 'message')} of earlier runs have no outcome yet: waited for too.")
        return notes + self.cautions()

    def cautions(self) -> list[str]:
        """Warn of permanent failures that are sent; empty if there are none."""
        if not self.permanent:
            return []
        codes = sorted(self.permanent.items())
        return [
            "Caution: these are permanent failures and come back unless the cause is fixed:",
            *(f"  {count:,} {code}: {explain(code).what_to_do}" for code, count in codes),
        ]


def plan_actions(letters: Iterable[DeadLetter], journal: Mapping[str, JournalEntry]) -> tuple[RedriveAction, ...]:
    """Choose each dead letter's steps by its journal entry."""
    steps = {SENDING: RedriveStep.MOVE_AGAIN, REFUSED: RedriveStep.MOVE}

    def step(letter: DeadLetter) -> RedriveStep:
        entry = journal.get(letter.id)
        return steps.get(entry.step, RedriveStep.DELETE) if entry else RedriveStep.MOVE

    return tuple(RedriveAction(step(letter), letter) for letter in letters)
