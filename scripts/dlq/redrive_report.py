"""The result of a redrive, as tables, as JSON and as an exit code."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from processing.outcomes import Outcome
from processing.wording import count_of
from scripts.aws.dead_letter import explain
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, EXIT_STOPPED
from scripts.cli.failures import Failure, failure_table
from scripts.cli.output import Report, Table, key_text, more_lines
from scripts.dlq.outcomes import Outcomes
from scripts.dlq.redrive_plan import MAX_SHOWN, RedrivePlan
from scripts.dlq.send_then_delete import MoveResult


@dataclass
class RedriveResult:
    """The result of a redrive.

    Attributes:
        moves: results of moving.
        outcomes: the photos' outcomes, if they were waited for.
        untouched: dead letters left in the DLQ because the canary failed or proved nothing.
        unseen: dead letters that were not read.
    """

    moves: MoveResult = field(default_factory=MoveResult)
    outcomes: Outcomes = field(default_factory=Outcomes)
    untouched: int = 0
    unseen: int = 0

    @property
    def is_good(self) -> bool:
        return self.moves.is_clean and self.outcomes.is_good

    @property
    def proves_success(self) -> bool:
        """True if a canary with this result proves that the rest will succeed."""
        return self.is_good and bool(self.outcomes.counts[Outcome.PROCESSED])

    @property
    def reported(self) -> set[str]:
        """The settled items, once a report is complete; without it the next run counts them again."""
        return set() if self.outcomes.waiting else self.outcomes.settled

    def so_far(self, count: int) -> str:
        """Say how far a redrive of `count` dead letters came."""
        moved, waiting = len(self.moves.moved), len(self.moves.sent.arrived) - len(self.moves.moved)
        sent = f" {waiting:,} more were sent and not yet deleted." if waiting else ""
        return f"{moved:,} of {count_of(count, 'dead letter')} redriven; the others are still in the DLQ.{sent}"

    @property
    def exit_code(self) -> int:
        if self.untouched or self.outcomes.waiting:
            return EXIT_STOPPED
        return EXIT_OK if self.is_good and not self.unseen else EXIT_SOME_FAILED

    def report(self, plan: RedrivePlan) -> Report:
        """Format the result as lines and tables."""
        report: list[str | Table] = [*plan.summary()]
        if plan.actions:
            moved = count_of(len(self.moves.moved), "dead letter")
            report = [f"Redrove {moved} to {plan.destination}.", *_moves_lines(self.moves)]
        if self.unseen:
            report.append(f"About {self.unseen:,} more were not seen and are no part of this: give the command again.")
        mine, earlier = self.outcomes.split(self.moves.moved)
        if self.untouched or not plan.request.verify:
            report += _outcomes_table(self.outcomes, "Outcomes of the canary:")
        elif mine.items and earlier.items:
            report += _outcomes_table(mine, f"Outcomes of {len(mine.items):,}:")
            report += _outcomes_table(earlier, f"and of {len(earlier.items):,} of earlier runs:")
        else:
            report += _outcomes_table(self.outcomes, "Outcomes of earlier runs:" if earlier.items else "Outcomes:")
        if self.untouched:
            return [*report, "", self._stopped_line()]
        return [*report, "", self._verified_line()] if plan.request.verify and self.outcomes.photos else report

    def to_document(self, plan: RedrivePlan) -> dict[str, Any]:
        mine, earlier = self.outcomes.split(self.moves.moved)
        return {
            "executed": True,
            "source": plan.source,
            "destination": plan.destination,
            **self.moves.to_document(),
            "verified": len(self.outcomes.good),
            "to_verify": len(self.outcomes.items),
            "canaries": len(self.outcomes.canaries),
            "outcomes": mine.to_document(),
            "outcomes_of_earlier_runs": earlier.to_document(),
            "stopped_by_canary": bool(self.untouched),
            "untouched": self.untouched,
            "not_seen": self.unseen,
        }

    def _verified_line(self) -> str:
        good, canaries = len(self.outcomes.good), len(self.outcomes.canaries)
        others = len(self.outcomes.items) - canaries
        parts = f": {canaries:,} {'canary' if canaries == 1 else 'canaries'}, {others:,} others" if canaries else ""
        return f"Verified {good:,} of {len(self.outcomes.items):,}{parts}."

    def _stopped_line(self) -> str:
        left = f"Not touched: {count_of(self.untouched, 'dead letter')}."
        if self.is_good:
            why = "because no photo is unchanged and still to be processed"
            return f"Stopped: the canary proved nothing, {why}. {left}"
        codes = Counter(photo.code for photo in self.outcomes.failures)
        came_back = ", ".join(f"{code} {count:,}" for code, count in sorted(codes.items()))
        without_code = "not all of it has an outcome" if self.moves.is_clean else "not all of it was moved"
        why = f"came back: {came_back}" if came_back else without_code
        return f"Stopped after the canary ({why}). {left}"


def _moves_lines(moves: MoveResult) -> list[str]:
    lines = []
    if moves.sent.earlier:
        lines.append(f"{len(moves.sent.earlier):,} of them had been sent by an earlier run and were only deleted.")
    if moves.sent.maybe_twice:
        count = len(moves.sent.maybe_twice)
        lines.append(f"{count:,} may have been sent twice, because an earlier run was cut off while it sent them.")
        lines.append("That is harmless: the second one is reported as a duplicate.")
    for errors, what in (
        (moves.sent.refused, "stay in the DLQ, because SQS refused to take them"),
        (moves.not_deleted, "were sent but not deleted: give the command again"),
    ):
        lines += [f"{count:,} {what} ({error})." for error, count in sorted(Counter(errors.values()).items())]
    if moves.missing:
        lines.append(f"{len(moves.missing):,} are still in the DLQ: give the command again.")
    return lines


def _outcomes_table(outcomes: Outcomes, title: str) -> list[str | Table]:
    if not outcomes.photos:
        return []
    counts = sorted(outcomes.counts.items(), key=lambda item: (-item[1], item[0]))
    report: list[str | Table] = ["", title, Table(("outcome", "photos"), counts)]
    if outcomes.failures:
        failures = [Failure(photo.key, photo.code, explain(photo.code).what_to_do) for photo in outcomes.failures]
        report += ["", failure_table(failures)]
    if waiting := outcomes.waiting:
        rows = [(photo.item, key_text(photo.key)) for photo in waiting[:MAX_SHOWN]]
        report += ["", "No outcome in time; give the command again to go on waiting:"]
        report += [Table(("id", "key"), rows), *more_lines(len(waiting) - MAX_SHOWN)]
    return report
