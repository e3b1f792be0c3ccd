"""The command `dlq purge`: deletes dead letters for good, those of an export and no others, and asks first.

Not SQS's PurgeQueue: it would also delete what arrived since the export.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processing.wording import count_of
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.dlq_reader import NOTICE, read_dlq, wait_until_visible
from scripts.aws.sqs_queue import SqsQueue
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED
from scripts.cli.errors import OperatorError
from scripts.cli.output import Report, Screen
from scripts.dlq.export_file import ExportLine, read_export
from scripts.dlq.pending_outcomes import purged_entry
from scripts.dlq.receive_selected import receive_selected
from scripts.dlq.summary import dead_letter_document
from scripts.sending.journal import Journal, journal_path, open_journal

DRY_RUN = "Dry run: nothing was deleted. Add --execute to act."


@dataclass(frozen=True)
class PurgePlan:
    """What a purge would do.

    Attributes:
        queue: the DLQ's name.
        file: the export's name.
        letters: what is deleted: in the export, and in the DLQ with the same body.
        edited: how many letters have another body in the export: they stay.
        missing: how many letters of the export are not in the DLQ.
        not_exported: how many letters of the DLQ are not in the export: they stay.
        in_flight: how many more someone else holds.
    """

    queue: str
    file: str
    letters: tuple[DeadLetter, ...]
    edited: int
    missing: int
    not_exported: int
    in_flight: int


def purge_letters(target: Stage, file: Path, yes_delete: int | None, screen: Screen, *, execute: bool) -> int:
    """Deletes what an export holds; prints what it would delete, or asks and deletes with `execute`."""
    queue = target.dlq
    lines = _lines_of(file, queue.arn)
    screen.note(NOTICE)
    if execute:
        wait_until_visible(queue, screen)
    with read_dlq(queue) as reader:
        plan = plan_purge(queue.name, file.name, lines, tuple(reader.dead_letters()), reader.depth.in_flight)
    if not execute:
        screen.result([DRY_RUN, *purge_report(plan)], purge_document(plan))
        return EXIT_OK
    if plan.letters:
        _confirm(plan, yes_delete, screen)
    with open_journal(journal_path("redrive", target.name), execute=False) as redrives:
        deleted = _delete(queue, {letter.id for letter in plan.letters}, redrives, screen)
    screen.result(deleted_report(plan, deleted), {**purge_document(plan), "executed": True, "deleted": deleted})
    return EXIT_OK if deleted == len(plan.letters) else EXIT_SOME_FAILED


def plan_purge(
    queue: str, file: str, lines: Sequence[ExportLine], letters: Sequence[DeadLetter], in_flight: int
) -> PurgePlan:
    """Parts the letters of a DLQ by what the export has of them."""
    exported = {line.message.id: line.message.body for line in lines}
    there = [letter for letter in letters if letter.id in exported]
    same = tuple(letter for letter in there if exported[letter.id] == letter.message.body)
    return PurgePlan(
        queue=queue,
        file=file,
        letters=same,
        edited=len(there) - len(same),
        missing=len(exported) - len(there),
        not_exported=len(letters) - len(there),
        in_flight=in_flight,
    )


def purge_report(plan: PurgePlan) -> Report:
    """The plan for people."""
    if not plan.letters:
        return [f"Nothing to delete: {plan.queue} holds none of what {plan.file} has.", *_others(plan)]
    letters = count_of(len(plan.letters), "dead letter")
    return [f"To delete for good: {letters} of {plan.queue} that {plan.file} has.", *_others(plan)]


def deleted_report(plan: PurgePlan, deleted: int) -> Report:
    """The result for people."""
    if not plan.letters:
        return purge_report(plan)
    lines = [f"Deleted {count_of(deleted, 'dead letter')} from {plan.queue}; {plan.file} still has them."]
    if deleted < len(plan.letters):
        lines.append(f"{len(plan.letters) - deleted:,} could not be deleted: give the command again.")
    return [*lines, *_others(plan)]


def _others(plan: PurgePlan) -> list[str]:
    lines = []
    if plan.not_exported:
        lines.append(f"{plan.not_exported:,} stay: they are not in the export.")
    if plan.edited:
        lines.append(f"{plan.edited:,} stay: the export has another body for them.")
    if plan.missing:
        lines.append(f"{plan.missing:,} of the export are not in the DLQ.")
    if plan.in_flight:
        lines.append(f"{plan.in_flight:,} more are held by someone else just now and stay.")
    return lines


def purge_document(plan: PurgePlan) -> dict[str, Any]:
    """The plan for machines."""
    return {
        "executed": False,
        "queue": plan.queue,
        "file": plan.file,
        "to_delete": [dead_letter_document(letter) for letter in plan.letters],
        "not_exported": plan.not_exported,
        "edited": plan.edited,
        "missing": plan.missing,
        "in_flight": plan.in_flight,
    }


def _lines_of(file: Path, queue_arn: str) -> list[ExportLine]:
    """The export's lines, if all of them come from this DLQ."""
    lines = read_export(file)
    strangers = sum(line.queue != queue_arn for line in lines)
    if strangers:
        raise OperatorError(f"{count_of(strangers, 'line')} of {file} not from {queue_arn}: export this DLQ first")
    return lines


def _confirm(plan: PurgePlan, yes_delete: int | None, screen: Screen) -> None:
    """Lets a person, or the script that speaks for one, say how many are deleted."""
    count = len(plan.letters)
    if yes_delete is None and not screen.can_ask:
        raise OperatorError(f"nobody is there to confirm: add --yes-delete {count}")
    if yes_delete is None:
        for line in purge_report(plan):
            screen.note(str(line))
        screen.note(f"Type {count} to delete {count_of(count, 'dead letter')} for good:")
        answer = sys.stdin.readline().strip()
        yes_delete = int(answer) if answer.isascii() and answer.isdigit() else -1
    # What a run that was cut off has deleted counts too: the same command is given again.
    if yes_delete not in (count, count + plan.missing):
        raise OperatorError(f"not confirmed: it would delete {count_of(count, 'dead letter')}; nothing was deleted")


def _delete(queue: SqsQueue, wanted: set[str], redrives: Journal | None, screen: Screen) -> int:
    """Deletes letters; a redrive's journal hears of them, so that none of its proofs waits for one."""
    deleted: set[str] = set()

    with screen.progress("deleting", len(wanted)) as on_progress:

        def act(letters: Sequence[DeadLetter]) -> set[str]:
            outcome = queue.delete([letter.message.receipt_handle for letter in letters])
            gone = [letters[position] for position in outcome.done]
            if redrives:
                redrives.record(map(purged_entry, gone))
            deleted.update(letter.id for letter in gone)
            on_progress(len(deleted), "")
            return {letter.id for letter in gone}

        receive_selected(queue, wanted, act)
    return len(deleted)
