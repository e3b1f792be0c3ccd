"""What a redrive did, for people and for machines."""

from collections import Counter
from typing import Any

from processing.wording import count_of
from scripts.aws.dead_letter import explain
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, EXIT_STOPPED
from scripts.cli.failures import Failure, failure_table
from scripts.cli.output import Report, Table, key_text
from scripts.dlq.move_task import MoveTask, MoveTaskStatus
from scripts.dlq.mover import Moves
from scripts.dlq.outcomes import Outcomes
from scripts.dlq.redrive import RedriveResult
from scripts.dlq.redrive_plan import RedrivePlan, nothing_report

MAX_SHOWN = 20


def result_report(plan: RedrivePlan, result: RedriveResult) -> Report:
    """The result for people."""
    report: list[str | Table] = []
    if plan.actions:
        report += [f"Redrove {count_of(len(result.moves.moved), 'dead letter')} to {plan.destination}."]
        report += _moves_lines(result.moves)
    else:
        report += nothing_report(plan)
    if plan.in_flight:
        report += [f"{plan.in_flight:,} more were held by someone else and not part of this: give the command again."]
    report += _outcomes_report(plan, result)
    if result.untouched:
        report += ["", _canary_line(result)]
    return report


def result_document(plan: RedrivePlan, result: RedriveResult) -> dict[str, Any]:
    """The result for machines."""
    mine, earlier = result.findings.parted(result.moves.moved)
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
    """The exit code."""
    if result.untouched or result.findings.waiting:
        return EXIT_STOPPED
    return EXIT_OK if result.moves.is_clean and result.findings.is_good else EXIT_SOME_FAILED


def task_report(task: MoveTask | None) -> Report:
    """The end of a message move task for people."""
    if task is None:
        return ["SQS knows of no message move task for this queue."]
    lines = [f"SQS's message move task is {task.status.value}: about {task.moved:,} of {task.to_move:,} moved."]
    return [*lines, f"It failed: {task.failure}"] if task.failure else lines


def task_code(task: MoveTask | None) -> int:
    """The exit code."""
    if task is not None and task.status is MoveTaskStatus.COMPLETED:
        return EXIT_OK
    return EXIT_SOME_FAILED


def _outcomes_report(plan: RedrivePlan, result: RedriveResult) -> list[str | Table]:
    if result.untouched or plan.verify_for is None:
        return _findings_report(result.findings, "Outcomes of the canary:")
    mine, earlier = result.findings.parted(result.moves.moved)
    if not (mine.items and earlier.items):
        return _findings_report(result.findings, "Outcomes of earlier runs:" if earlier.items else "Outcomes:")
    report = _findings_report(mine, f"Outcomes of {len(mine.items):,}:")
    return report + _findings_report(earlier, f"and of {len(earlier.items):,} of earlier runs:")


def _moves_lines(moves: Moves) -> list[str]:
    lines = []
    if moves.sent.earlier:
        lines.append(f"{len(moves.sent.earlier):,} of them had been sent by an earlier run and were only deleted.")
    if moves.sent.maybe_twice:
        count = len(moves.sent.maybe_twice)
        lines.append(f"{count:,} may have been sent twice, because an earlier run was cut off while it sent them.")
        lines.append("That is harmless: the second one is reported as a duplicate.")
    lines += _counted(moves.sent.refused, "stay in the DLQ, because SQS refused to take them")
    lines += _counted(moves.kept, "were sent but not deleted: give the command again")
    if moves.missing:
        lines.append(f"{len(moves.missing):,} did not turn up again: someone else holds or has deleted them.")
    return lines


def _counted(errors: dict[str, str], what: str) -> list[str]:
    return [f"{count:,} {what} ({error})." for error, count in sorted(Counter(errors.values()).items())]


def _findings_report(findings: Outcomes, title: str) -> list[str | Table]:
    if not findings.counts:
        return []
    counts = sorted(findings.counts.items(), key=lambda item: (-item[1], item[0]))
    report: list[str | Table] = ["", title, Table(("outcome", "photos"), counts)]
    if findings.failures:
        failures = [Failure(f.key, f.code, explain(f.code).what_to_do) for f in findings.failures]
        report += ["", failure_table(failures)]
    if findings.waiting:
        waiting = Table(("id", "key"), [(f.item, key_text(f.key)) for f in findings.waiting[:MAX_SHOWN]])
        report += ["", "No outcome in time; give the command again to go on waiting:"]
        report += [waiting, *_more(len(findings.waiting))]
    return report


def _more(count: int) -> list[str]:
    return [f"... and {count - MAX_SHOWN:,} more"] if count > MAX_SHOWN else []


def _canary_line(result: RedriveResult) -> str:
    findings, spared = result.findings, f"Not touched: {count_of(result.untouched, 'dead letter')}."
    if result.moves.is_clean and findings.is_good:
        why = "for want of a photo that is there as it was and still to be made"
        return f"Stopped: the canary proved nothing, {why}. Without --canary all of them go. {spared}"
    codes = Counter(finding.code for finding in findings.failures)
    came_back = ", ".join(f"{code} {count:,}" for code, count in sorted(codes.items()))
    why = f"came back: {came_back}" if came_back else "not all of it has an outcome"
    return f"Stopped after the canary ({why}). {spared}"
