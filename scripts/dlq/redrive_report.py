"""Reports the result of a redrive, as tables and as JSON."""

from collections import Counter
from typing import Any

from processing.wording import count_of
from scripts.aws.dead_letter import explain
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, EXIT_STOPPED
from scripts.cli.failures import Failure, failure_table
from scripts.cli.output import Report, Table, key_text
from scripts.dlq.outcomes import Outcomes
from scripts.dlq.redrive import RedriveResult
from scripts.dlq.redrive_plan import MAX_SHOWN, RedrivePlan, more_lines, nothing_report
from scripts.dlq.send_then_delete import MoveResult


def result_report(plan: RedrivePlan, result: RedriveResult) -> Report:
    """Format a result as lines and tables."""
    report: list[str | Table] = []
    if plan.actions:
        report += [f"Redrove {count_of(len(result.moves.moved), 'dead letter')} to {plan.destination}."]
        report += _moves_lines(result.moves)
    else:
        report += nothing_report(plan)
    if plan.in_flight:
        report += [f"{plan.in_flight:,} more were in flight and not part of this: give the command again."]
    report += _outcomes_report(plan, result)
    if result.untouched:
        report += ["", _stopped_line(result)]
    return report


def result_document(plan: RedrivePlan, result: RedriveResult) -> dict[str, Any]:
    """Return a result as JSON."""
    mine, earlier = result.outcomes.split(result.moves.moved)
    return {
        "executed": True,
        "source": plan.source,
        "destination": plan.destination,
        **result.moves.to_document(),
        "outcomes": mine.to_document(),
        "outcomes_of_earlier_runs": earlier.to_document(),
        "stopped_by_canary": bool(result.untouched),
        "untouched": result.untouched,
    }


def result_code(result: RedriveResult) -> int:
    """Return the exit code."""
    if result.untouched or result.outcomes.waiting:
        return EXIT_STOPPED
    return EXIT_OK if result.moves.is_clean and result.outcomes.is_good else EXIT_SOME_FAILED


def _outcomes_report(plan: RedrivePlan, result: RedriveResult) -> list[str | Table]:
    if result.untouched or not plan.request.verify:
        return _outcomes_table(result.outcomes, "Outcomes of the canary:")
    mine, earlier = result.outcomes.split(result.moves.moved)
    if not (mine.items and earlier.items):
        return _outcomes_table(result.outcomes, "Outcomes of earlier runs:" if earlier.items else "Outcomes:")
    report = _outcomes_table(mine, f"Outcomes of {len(mine.items):,}:")
    return report + _outcomes_table(earlier, f"and of {len(earlier.items):,} of earlier runs:")


def _moves_lines(moves: MoveResult) -> list[str]:
    lines = []
    if moves.sent.earlier:
        lines.append(f"{len(moves.sent.earlier):,} of them had been sent by an earlier run and were only deleted.")
    if moves.sent.maybe_twice:
        count = len(moves.sent.maybe_twice)
        lines.append(f"{count:,} may have been sent twice, because an earlier run was cut off while it sent them.")
        lines.append("That is harmless: the second one is reported as a duplicate.")
    lines += _error_lines(moves.sent.refused, "stay in the DLQ, because SQS refused to take them")
    lines += _error_lines(moves.not_deleted, "were sent but not deleted: give the command again")
    if moves.missing:
        lines.append(f"{len(moves.missing):,} were not received again: another reader has received or deleted them.")
    return lines


def _error_lines(errors: dict[str, str], what: str) -> list[str]:
    return [f"{count:,} {what} ({error})." for error, count in sorted(Counter(errors.values()).items())]


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
        report += [Table(("id", "key"), rows), *more_lines(len(waiting))]
    return report


def _stopped_line(result: RedriveResult) -> str:
    outcomes, left = result.outcomes, f"Not touched: {count_of(result.untouched, 'dead letter')}."
    if result.moves.is_clean and outcomes.is_good:
        why = "because no photo is unchanged and still to be processed"
        return f"Stopped: the canary proved nothing, {why}. Without --canary all of them go. {left}"
    codes = Counter(photo.code for photo in outcomes.failures)
    came_back = ", ".join(f"{code} {count:,}" for code, count in sorted(codes.items()))
    why = f"came back: {came_back}" if came_back else "not all of it has an outcome"
    return f"Stopped after the canary ({why}). {left}"
