"""What a redrive would do: a list of actions, computed first and then printed or performed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from processing.wording import count_of
from scripts.aws.dead_letter import DeadLetter, explain
from scripts.cli.output import Report, Table
from scripts.cli.units import human_duration
from scripts.dlq.selection import Selected
from scripts.dlq.summary import dead_letter_document, dead_letters_table
from scripts.sending.journal import JournalEntry
from scripts.sending.sender import REFUSED, SENDING

MAX_SHOWN = 20
DRY_RUN = "Dry run: nothing was sent or deleted. Add --execute to act."


class RedriveStep(StrEnum):
    """What is done with one dead letter."""

    MOVE = "send, then delete"
    MOVE_AGAIN = "send again, then delete"
    DELETE = "delete (sent earlier)"


@dataclass(frozen=True)
class RedriveAction:
    """One dead letter and what is done with it."""

    step: RedriveStep
    letter: DeadLetter


@dataclass(frozen=True, kw_only=True)
class RedrivePlan:
    """A redrive, before it happens.

    Attributes:
        source: the DLQ's name.
        destination: the queue's name.
        conditions: what was asked for, in words; empty for everything.
        actions: oldest letter first.
        left: how many letters stay, by why.
        in_flight: how many more someone else holds.
        per_second: the rate, if bounded.
        canary: how many go first, alone; 0 for none.
        verify_for: how long outcomes are waited for; None for not at all.
        unverified: how many messages of earlier runs have no outcome yet and are waited for too.
        by_move_task: whether SQS does it itself.
    """

    source: str
    destination: str
    conditions: str
    actions: tuple[RedriveAction, ...]
    left: Counter[str]
    in_flight: int
    per_second: float | None
    canary: int
    verify_for: timedelta | None
    unverified: int
    by_move_task: bool

    @property
    def wanted(self) -> set[str]:
        return {action.letter.id for action in self.actions}

    @property
    def permanent(self) -> Counter[str]:
        """How many are to be sent although they would fail again, by code."""
        sent = [action.letter for action in self.actions if action.step is not RedriveStep.DELETE]
        return Counter(letter.code for letter in sent if letter.is_permanent)


def plan_actions(selected: Selected, journal: Mapping[str, JournalEntry]) -> tuple[RedriveAction, ...]:
    """Decides about each chosen letter from what the journal knows of it."""
    return tuple(RedriveAction(_step(journal.get(letter.id)), letter) for letter in selected.chosen)


def redrive_report(plan: RedrivePlan, now: datetime) -> Report:
    """The plan for people."""
    report: list[str | Table] = [_headline(plan)]
    if plan.actions:
        table = dead_letters_table([action.letter for action in plan.actions[:MAX_SHOWN]], now)
        rows = [(a.step.value, *row) for a, row in zip(plan.actions, table.rows, strict=False)]
        report += ["", Table(("action", *table.headings), rows)]
        if len(plan.actions) > MAX_SHOWN:
            report.append(f"... and {len(plan.actions) - MAX_SHOWN:,} more")
        report.append("")
    return [*report, *_staying(plan), *_notes(plan), *_cautions(plan)]


def nothing_report(plan: RedrivePlan) -> Report:
    """Why a plan has no actions, for people."""
    return [_headline(plan), *_staying(plan)]


def plan_document(plan: RedrivePlan) -> dict[str, Any]:
    """The plan for machines."""
    return {
        "executed": False,
        "source": plan.source,
        "destination": plan.destination,
        "actions": [{"action": a.step.name.lower(), **dead_letter_document(a.letter)} for a in plan.actions],
        "left": dict(plan.left),
        "in_flight": plan.in_flight,
        "by_move_task": plan.by_move_task,
        "permanent": dict(plan.permanent),
    }


def _step(entry: JournalEntry | None) -> RedriveStep:
    if entry is None or entry.step == REFUSED:
        return RedriveStep.MOVE
    return RedriveStep.MOVE_AGAIN if entry.step == SENDING else RedriveStep.DELETE


def _headline(plan: RedrivePlan) -> str:
    count, all_of_them = len(plan.actions), len(plan.actions) + plan.left.total()
    conditions = f" ({plan.conditions})" if plan.conditions else ""
    if not count:
        return f"Nothing to redrive: {count_of(all_of_them, 'dead letter')} in {plan.source}, 0 match{conditions}."
    rate = ""
    if plan.per_second is not None:
        took = human_duration(timedelta(seconds=count / plan.per_second))
        rate = f", {plan.per_second:g} a second at most: about {took}"
    of_all = f"{count:,} of {count_of(all_of_them, 'dead letter')}{conditions}"
    return f"To redrive: {of_all}, from {plan.source} to {plan.destination}{rate}."


def _staying(plan: RedrivePlan) -> list[str]:
    if not plan.left:
        return []
    reasons = ", ".join(f"{count:,} {why}" for why, count in sorted(plan.left.items()))
    return [f"{plan.left.total():,} stay: {reasons}."]


def _notes(plan: RedrivePlan) -> list[str]:
    notes = []
    if plan.in_flight:
        notes.append(f"{plan.in_flight:,} more are held by someone else just now; --execute waits for them.")
    if plan.by_move_task:
        notes.append("Everything goes, so SQS does it itself (a message move task). Ctrl-C cancels it.")
    if plan.canary and plan.actions:
        notes.append(
            f"A canary of {min(plan.canary, len(plan.actions)):,} goes first; the rest only if all of it goes well."
        )
    if plan.verify_for is not None:
        notes.append(f"Then every outcome is waited for, {human_duration(plan.verify_for)} at most.")
    if plan.unverified:
        notes.append(f"{count_of(plan.unverified, 'message')} of earlier runs have no outcome yet: waited for too.")
    return notes


def _cautions(plan: RedrivePlan) -> list[str]:
    if not plan.permanent:
        return []
    lines = ["Caution: these failed for good and come back unless the cause is gone:"]
    return lines + [f"  {count:,} {code}: {explain(code).what_to_do}" for code, count in sorted(plan.permanent.items())]
