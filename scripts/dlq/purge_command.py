"""The command `dlq purge`: deletes the dead letters of an export, after a confirmation.

Not SQS's PurgeQueue, which would also delete what arrived since the export.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from processing.wording import count_of
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.dlq_reader import DlqReader, read_dlq, refuse_beside_move_task, wait_until_visible
from scripts.aws.parallel import chunks
from scripts.aws.sqs_queue import SqsQueue
from scripts.aws.stage import find_stage
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, ExecuteOption, JsonOption, StageOption
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.cli.signals import uninterrupted
from scripts.dlq.export_command import ExportLine, read_export
from scripts.dlq.outcomes import purged_entry
from scripts.dlq.selection import by_key
from scripts.sending.journal import Journal, journal_path, open_journal

NOTHING_DELETED = "Nothing was deleted."
GROUP_SIZE = 320  # deleted at once, then journaled
DRY_RUN = "Dry run: nothing was deleted. Add --execute to act."


@dataclass(frozen=True, kw_only=True)
class PurgePlan:
    """A planned purge; its attributes are also its JSON.

    Attributes:
        to_delete: dead letters in the export, and in the DLQ with the same body.
        not_exported: how many stay because the export does not have them.
        edited: how many stay because the export has another body.
        missing: how many of the export are not in the DLQ.
        in_flight: how many more another reader has received.
    """

    queue: str
    file: str
    to_delete: tuple[DeadLetter, ...]
    not_exported: int
    edited: int
    missing: int
    in_flight: int

    def to_document(self, **result: Any) -> dict[str, Any]:
        letters = [letter.to_document() for letter in self.to_delete]
        return {"executed": False, **vars(self), "to_delete": letters, **result}

    def report(self, headline: str) -> list[str]:
        """Return the headline and a line for each number of dead letters that stay."""
        counts = {
            "stay: they are not in the export.": self.not_exported,
            "stay: the export has another body for them.": self.edited,
            "of the export are not in the DLQ.": self.missing,
            "more are in flight and stay.": self.in_flight,
        }
        return [headline, *(f"{count:,} {text}" for text, count in counts.items() if count)]

    @property
    def dry_report(self) -> list[str]:
        letters = count_of(len(self.to_delete), "dead letter")
        if not self.to_delete:
            return self.report(f"Nothing to delete: {self.queue} holds none of what {self.file} has.")
        return self.report(f"To delete for good: {letters} of {self.queue} that {self.file} has.")


def purge_dead_letters(
    stage: StageOption,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export of the dead letters to delete.")],
    yes_delete: Annotated[
        int | None, typer.Option("--yes-delete", min=0, metavar="COUNT", help="Confirm without a terminal: how many.")
    ] = None,
    execute: ExecuteOption = False,
    as_json: JsonOption = False,
) -> int:
    """Delete for good the dead letters of an export. No others are deleted, and you must type a confirmation."""
    queue, screen, lines = find_stage(stage).dlq, Screen(as_json=as_json), read_export(file)
    if foreign := sum(line.queue != queue.arn for line in lines):
        raise OperatorError(f"{count_of(foreign, 'line')} of {file} not from {queue.arn}: export this DLQ first")
    if execute:
        refuse_beside_move_task(queue)
        with screen.on_interrupt(lambda: NOTHING_DELETED):
            wait_until_visible(queue, screen)
    with screen.on_interrupt(lambda: NOTHING_DELETED), read_dlq(queue, screen) as reader:
        plan = plan_purge(queue.name, file.name, lines, tuple(reader.dead_letters()), reader.in_flight)
    if execute and plan.missing and reader.unseen:
        raise OperatorError(
            f"{reader.shortfall} {plan.missing:,} of {file.name} may be among them: nothing was deleted"
        )
    count = len(plan.to_delete)
    if not execute:
        screen.result([DRY_RUN, *plan.dry_report], plan.to_document())
        return EXIT_OK
    if not count:
        screen.result(plan.dry_report, plan.to_document(executed=True, deleted=0))
        return EXIT_OK
    _confirm(plan, yes_delete, screen)
    with open_journal(journal_path("redrive", stage), execute=False) as redrives:
        deleted = _delete(queue, {letter.id for letter in plan.to_delete}, redrives, screen)
    report = plan.report(f"Deleted {count_of(deleted, 'dead letter')} from {queue.name}; {file.name} still has them.")
    if deleted < count:
        report.insert(1, f"{count - deleted:,} could not be deleted: give the command again.")
    screen.result(report, plan.to_document(executed=True, deleted=deleted))
    return EXIT_OK if deleted == count else EXIT_SOME_FAILED


def plan_purge(
    queue: str, file: str, lines: Sequence[ExportLine], letters: Sequence[DeadLetter], in_flight: int
) -> PurgePlan:
    """Compare the dead letters of a DLQ with an export."""
    exported = {line.message.id: line.message.body for line in lines}
    in_both = [letter for letter in letters if letter.id in exported]
    same = tuple(sorted((each for each in in_both if exported[each.id] == each.message.body), key=by_key))
    return PurgePlan(
        queue=queue,
        file=file,
        to_delete=same,
        not_exported=len(letters) - len(in_both),
        edited=len(in_both) - len(same),
        missing=len(exported) - len(in_both),
        in_flight=in_flight,
    )


def _confirm(plan: PurgePlan, yes_delete: int | None, screen: Screen) -> None:
    """Ask for the number of dead letters to delete, unless `--yes-delete` gives it."""
    count = len(plan.to_delete)
    if yes_delete is None and not screen.can_ask:
        raise OperatorError(f"no terminal to confirm at: add --yes-delete {count}")
    if yes_delete is None:
        screen.note(*plan.dry_report)
        screen.note(f"Type {count} to delete {count_of(count, 'dead letter')} for good:")
        answer = sys.stdin.readline().strip()
        yes_delete = int(answer) if answer.isascii() and answer.isdigit() else -1
    # Dead letters that a killed run deleted count too, so that the same command can be given again.
    if yes_delete not in (count, count + plan.missing):
        raise OperatorError(f"not confirmed: it would delete {count_of(count, 'dead letter')}; nothing was deleted")


def _delete(queue: SqsQueue, wanted: set[str], redrives: Journal | None, screen: Screen) -> int:
    """Delete dead letters; journal them so that no redrive waits for their outcomes."""
    total = 0

    def so_far() -> str:
        return f"{total:,} of {count_of(len(wanted), 'dead letter')} deleted; the others are still in the DLQ."

    # Read again, because the confirmation may take longer than any hold.
    with screen.on_interrupt(so_far), read_dlq(queue, screen) as reader:
        letters = [letter for letter in reader.dead_letters() if letter.id in wanted]
        reader.keep(letters)
        with screen.progress("deleting", len(letters)) as on_progress:
            for group in chunks(letters, GROUP_SIZE):
                total += _delete_group(reader, group, redrives)
                on_progress(total, "")
    return total


def _delete_group(reader: DlqReader, letters: Sequence[DeadLetter], redrives: Journal | None) -> int:
    reader.hold_longer()
    with uninterrupted():
        deleted = [letters[position] for position in reader.delete(letters).done]
        if redrives:
            redrives.record(map(purged_entry, deleted))
    return len(deleted)
