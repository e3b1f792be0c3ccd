"""Plans a redrive: the request, the action for each dead letter, and the dry run's report."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from processing.wording import count_of
from scripts.aws.dead_letter import DeadLetter, dead_letters_table, explain
from scripts.cli.output import Report, Table
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


@dataclass(frozen=True)
class RedriveAction:
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
        pending: how many messages of earlier runs have no outcome yet and are waited for too.
        by_move_task: whether SQS moves them itself.
    """

    source: str
    destination: str
    request: RedriveRequest
    actions: tuple[RedriveAction, ...]
    left: Counter[str]
    in_flight: int
    pending: int
    by_move_task: bool

    @property
    def wanted(self) -> set[str]:
        return {action.letter.id for action in self.actions}

    @property
    def permanent(self) -> Counter[str]:
        """Counts of permanent failures that are sent, by code."""
        sent = [action.letter for action in self.actions if action.step is not RedriveStep.DELETE]
        return Counter(letter.code for letter in sent if letter.is_permanent)


def plan_actions(letters: Iterable[DeadLetter], journal: Mapping[str, JournalEntry]) -> tuple[RedriveAction, ...]:
    """Choose each dead letter's steps by its journal entry."""
    return tuple(RedriveAction(_step(journal.get(letter.id)), letter) for letter in letters)


def plan_report(plan: RedrivePlan, now: datetime) -> Report:
    """Format a plan as a table and notes."""
    report: list[str | Table] = [_headline(plan)]
    if plan.actions:
        table = dead_letters_table([action.letter for action in plan.actions[:MAX_SHOWN]], now)
        rows = [(a.step.value, *row) for a, row in zip(plan.actions, table.rows, strict=False)]
        report += ["", Table(("action", *table.headings), rows), *more_lines(len(plan.actions)), ""]
    return [*report, *_staying(plan), *_notes(plan), *_cautions(plan)]


def nothing_report(plan: RedrivePlan) -> Report:
    """Explain why a plan has no actions."""
    return [_headline(plan), *_staying(plan)]


def plan_document(plan: RedrivePlan) -> dict[str, Any]:
    """Return a plan as JSON."""
    return {
        "executed": False,
        "source": plan.source,
        "destination": plan.destination,
        "actions": [{"action": a.step.name.lower(), **a.letter.to_document()} for a in plan.actions],
        "left": dict(plan.left),
        "in_flight": plan.in_flight,
        "by_move_task": plan.by_move_task,
        "permanent": dict(plan.permanent),
    }


def more_lines(count: int) -> list[str]:
    """Count the rows that a table of MAX_SHOWN rows leaves out."""
    return [f"... and {count - MAX_SHOWN:,} more"] if count > MAX_SHOWN else []


def _step(entry: JournalEntry | None) -> RedriveStep:
    if entry is None or entry.step == REFUSED:
        return RedriveStep.MOVE
    return RedriveStep.MOVE_AGAIN if entry.step == SENDING else RedriveStep.DELETE


def _headline(plan: RedrivePlan) -> str:
    count, total, per_second = len(plan.actions), len(plan.actions) + plan.left.total(), plan.request.per_second
    conditions = plan.request.selection.describe()
    conditions = f" ({conditions})" if conditions else ""
    if not count:
        return f"Nothing to redrive: {count_of(total, 'dead letter')} in {plan.source}, 0 match{conditions}."
    rate = ""
    if per_second is not None:
        rate = f", {per_second:g} a second at most: about {human_duration(timedelta(seconds=count / per_second))}"
    of_all = f"{count:,} of {count_of(total, 'dead letter')}{conditions}"
    return f"To redrive: {of_all}, from {plan.source} to {plan.destination}{rate}."


def _staying(plan: RedrivePlan) -> list[str]:
    if not plan.left:
        return []
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(plan.left.items()))
    return [f"{plan.left.total():,} stay: {reasons}."]


def _notes(plan: RedrivePlan) -> list[str]:
    notes, request = [], plan.request
    if plan.in_flight:
        notes.append(f"{plan.in_flight:,} more are in flight; --execute waits for them.")
    if plan.by_move_task:
        notes.append("This is the whole queue, so SQS moves it itself (a message move task). Ctrl-C cancels it.")
    if request.canary and plan.actions:
        canary = min(request.canary, len(plan.actions))
        notes.append(f"A canary of {canary:,} goes first; the rest only if all of it goes well.")
    if request.verify:
        longest = human_duration(timedelta(seconds=request.patience_seconds))
        notes.append(f"Then every outcome is waited for, {longest} at most.")
    if plan.pending:
        notes.append(f"{count_of(plan.pending, 'message')} of earlier runs have no outcome yet: waited for too.")
    return notes


def _cautions(plan: RedrivePlan) -> list[str]:
    if not plan.permanent:
        return []
    lines = ["Caution: these are permanent failures and come back unless the cause is fixed:"]
    return lines + [f"  {count:,} {code}: {explain(code).what_to_do}" for code, count in sorted(plan.permanent.items())]
