"""The command `dlq purge`: deletes the dead letters of an export, after a confirmation.

Not SQS's PurgeQueue, which would also delete what arrived since the export.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processing.wording import count_of
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.dlq_reader import NOTICE, read_dlq, receive_selected, wait_until_visible
from scripts.aws.sqs_queue import SqsQueue
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED
from scripts.cli.errors import OperatorError
from scripts.cli.output import Report, Screen
from scripts.dlq.export_file import ExportLine, read_export
from scripts.dlq.pending_outcomes import purged_entry
from scripts.sending.journal import Journal, journal_path, open_journal

DRY_RUN = "Dry run: nothing was deleted. Add --execute to act."


@dataclass(frozen=True)
class PurgePlan:
    """A planned purge.

    Attributes:
        letters: to be deleted: in the export, and in the DLQ with the same body.
        edited: how many stay because the export has another body.
        missing: how many of the export are not in the DLQ.
        not_exported: how many stay because the export does not have them.
        in_flight: how many more another reader has received.
    """

    queue: str
    file: str
    letters: tuple[DeadLetter, ...]
    edited: int
    missing: int
    not_exported: int
    in_flight: int


def purge_dead_letters(stage: Stage, file: Path, yes_delete: int | None, screen: Screen, *, execute: bool) -> int:
    """Confirm and delete the dead letters of an export; without `execute`, print what it would delete."""
    queue = stage.dlq
    lines = _read_export_of(queue.arn, file)
    screen.note(NOTICE)
    if execute:
        wait_until_visible(queue, screen)
    with read_dlq(queue) as reader:
        plan = plan_purge(queue.name, file.name, lines, tuple(reader.dead_letters()), reader.depth.in_flight)
    if not execute:
        screen.result([DRY_RUN, *purge_report(plan)], _document(plan))
        return EXIT_OK
    if plan.letters:
        _confirm(plan, yes_delete, screen)
    with open_journal(journal_path("redrive", stage.name), execute=False) as redrives:
        deleted = _delete(queue, {letter.id for letter in plan.letters}, redrives, screen)
    screen.result(_deleted_report(plan, deleted), {**_document(plan), "executed": True, "deleted": deleted})
    return EXIT_OK if deleted == len(plan.letters) else EXIT_SOME_FAILED


def plan_purge(
    queue: str, file: str, lines: Sequence[ExportLine], letters: Sequence[DeadLetter], in_flight: int
) -> PurgePlan:
    """Compare the dead letters of a DLQ with an export."""
    exported = {line.message.id: line.message.body for line in lines}
    in_both = [letter for letter in letters if letter.id in exported]
    same = tuple(letter for letter in in_both if exported[letter.id] == letter.message.body)
    return PurgePlan(
        queue=queue,
        file=file,
        letters=same,
        edited=len(in_both) - len(same),
        missing=len(exported) - len(in_both),
        not_exported=len(letters) - len(in_both),
        in_flight=in_flight,
    )


def purge_report(plan: PurgePlan) -> Report:
    """Format a plan as lines."""
    if not plan.letters:
        return [f"Nothing to delete: {plan.queue} holds none of what {plan.file} has.", *_others(plan)]
    letters = count_of(len(plan.letters), "dead letter")
    return [f"To delete for good: {letters} of {plan.queue} that {plan.file} has.", *_others(plan)]


def _deleted_report(plan: PurgePlan, deleted: int) -> Report:
    if not plan.letters:
        return purge_report(plan)
    lines = [f"Deleted {count_of(deleted, 'dead letter')} from {plan.queue}; {plan.file} still has them."]
    if deleted < len(plan.letters):
        lines.append(f"{len(plan.letters) - deleted:,} could not be deleted: give the command again.")
    return [*lines, *_others(plan)]


def _others(plan: PurgePlan) -> list[str]:
    counts = {
        "stay: they are not in the export.": plan.not_exported,
        "stay: the export has another body for them.": plan.edited,
        "of the export are not in the DLQ.": plan.missing,
        "more are in flight and stay.": plan.in_flight,
    }
    return [f"{count:,} {text}" for text, count in counts.items() if count]


def _document(plan: PurgePlan) -> dict[str, Any]:
    return {
        "executed": False,
        "queue": plan.queue,
        "file": plan.file,
        "to_delete": [letter.to_document() for letter in plan.letters],
        "not_exported": plan.not_exported,
        "edited": plan.edited,
        "missing": plan.missing,
        "in_flight": plan.in_flight,
    }


def _read_export_of(queue_arn: str, file: Path) -> list[ExportLine]:
    lines = read_export(file)
    foreign = sum(line.queue != queue_arn for line in lines)
    if foreign:
        raise OperatorError(f"{count_of(foreign, 'line')} of {file} not from {queue_arn}: export this DLQ first")
    return lines


def _confirm(plan: PurgePlan, yes_delete: int | None, screen: Screen) -> None:
    """Ask for the number of dead letters to delete, unless `--yes-delete` gives it."""
    count = len(plan.letters)
    if yes_delete is None and not screen.can_ask:
        raise OperatorError(f"no terminal to confirm at: add --yes-delete {count}")
    if yes_delete is None:
        for line in purge_report(plan):
            screen.note(str(line))
        screen.note(f"Type {count} to delete {count_of(count, 'dead letter')} for good:")
        answer = sys.stdin.readline().strip()
        yes_delete = int(answer) if answer.isascii() and answer.isdigit() else -1
    # Dead letters that a killed run deleted count too, so that the same command can be given again.
    if yes_delete not in (count, count + plan.missing):
        raise OperatorError(f"not confirmed: it would delete {count_of(count, 'dead letter')}; nothing was deleted")


def _delete(queue: SqsQueue, wanted: set[str], redrives: Journal | None, screen: Screen) -> int:
    """Delete dead letters; journal them so that no redrive waits for their outcomes."""
    total = 0

    def delete_batch(letters: Sequence[DeadLetter]) -> set[str]:
        nonlocal total
        outcome = queue.delete([letter.message.receipt_handle for letter in letters])
        deleted = [letters[position] for position in outcome.done]
        if redrives:
            redrives.record(map(purged_entry, deleted))
        total += len(deleted)
        on_progress(total, "")
        return {letter.id for letter in deleted}

    with screen.progress("deleting", len(wanted)) as on_progress:
        receive_selected(queue, wanted, delete_batch)
    return total
