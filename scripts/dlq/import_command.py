"""The command `dlq import`: sends an export, edited or not, to be processed.

The journal beside the file names each line by its content and destination: a later run leaves out what was sent, and
sends a line that was edited since.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processing.wording import count_of
from scripts.aws.dead_letter import NO_KEY, DeadLetter
from scripts.aws.parallel import chunks
from scripts.aws.sqs_message import StoredMessage
from scripts.aws.sqs_queue import SqsQueue
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED
from scripts.cli.output import Report, Screen, Table, key_text
from scripts.dlq.export_file import ExportLine, read_export
from scripts.dlq.redrive_plan import DRY_RUN, MAX_SHOWN, more_lines
from scripts.sending.journal import Journal, open_journal
from scripts.sending.rate_limit import RateLimit
from scripts.sending.sender import SENDING, SENT, OutgoingMessage, Sender, SendResult

_CHUNK = 100


@dataclass(frozen=True)
class ImportPlan:
    """A planned import.

    Attributes:
        messages: in the file's order, with their line numbers.
        earlier: how many lines an earlier run has sent.
        unsure: how many of the messages an earlier run may have sent.
    """

    file: str
    destination: str
    messages: tuple[OutgoingMessage, ...]
    earlier: int
    unsure: int


def import_messages(
    stage: Stage, file: Path, to: str, per_second: float | None, screen: Screen, *, execute: bool
) -> int:
    """Send an export to a queue; without `execute`, print what it would send."""
    destination, lines = SqsQueue(stage.sqs, to), read_export(file)
    journal_file = file.with_name(f"{file.name}.journal")
    with open_journal(journal_file, execute=execute) as journal:
        plan = plan_import(file.name, lines, destination, journal)
        if not (execute and journal):
            note = f"{journal_file.name}, beside the file, will remember which lines were sent."
            screen.result([DRY_RUN, *_plan_report(plan), note], _plan_document(plan))
            return EXIT_OK
        sent = _send(plan, Sender(destination, journal, RateLimit(per_second)), screen)
    document = {**_plan_document(plan), "executed": True, "sent": len(sent.new_ids), "refused": sent.refused}
    screen.result(_sent_report(plan, sent), document)
    return EXIT_SOME_FAILED if sent.refused else EXIT_OK


def plan_import(file: str, lines: Sequence[ExportLine], destination: SqsQueue, journal: Journal | None) -> ImportPlan:
    """Leave out the lines that an earlier run has sent."""
    seen: Counter[str] = Counter()
    messages = []
    for line in lines:
        digest = _digest(destination.url, line.message)
        seen[digest] += 1  # equal lines are sent as often as they are in the file
        messages.append(OutgoingMessage(f"{digest}-{seen[digest]}", line.message, {"line": line.number}))
    known = journal.find(message.item for message in messages) if journal else {}
    done = {item for item, entry in known.items() if entry.step == SENT}
    return ImportPlan(
        file=file,
        destination=destination.name,
        messages=tuple(message for message in messages if message.item not in done),
        earlier=len(done),
        unsure=sum(entry.step == SENDING for entry in known.values()),
    )


def _plan_report(plan: ImportPlan) -> Report:
    count = len(plan.messages)
    report: list[str | Table] = [f"To send: {count_of(count, 'message')} of {plan.file} to {plan.destination}."]
    if count:
        letters = [(message.document["line"], DeadLetter(message.message)) for message in plan.messages[:MAX_SHOWN]]
        rows = [(f"line {number}", letter.code, key_text(letter.key or NO_KEY)) for number, letter in letters]
        report += ["", Table(("from", "code", "key"), rows), *more_lines(count), ""]
    report += _left_out(plan)
    if plan.unsure:
        report.append(
            f"{count_of(plan.unsure, 'line')} may have been sent by an earlier run that was cut off: sent again."
        )
    return report


def _sent_report(plan: ImportPlan, sent: SendResult) -> Report:
    lines = [f"Sent {count_of(len(sent.new_ids), 'message')} of {plan.file} to {plan.destination}.", *_left_out(plan)]
    if sent.maybe_twice:
        count = len(sent.maybe_twice)
        lines.append(f"{count:,} may have been sent twice: an earlier run was cut off. That is harmless.")
    for code, count in sorted(Counter(sent.refused.values()).items()):
        lines.append(f"{count:,} refused by SQS ({code}): give the command again to try them again.")
    return lines


def _left_out(plan: ImportPlan) -> list[str]:
    if not plan.earlier:
        return []
    return [f"{count_of(plan.earlier, 'line')} left out: an earlier run has sent them, says {plan.file}.journal."]


def _send(plan: ImportPlan, sender: Sender, screen: Screen) -> SendResult:
    sent = SendResult()
    with screen.progress("sending", len(plan.messages)) as on_progress:
        for chunk in chunks(plan.messages, _CHUNK):
            sent.add(sender.send(chunk))
            on_progress(len(sent.new_ids), "")
    return sent


def _digest(destination: str, message: StoredMessage) -> str:
    document = message.to_document()
    content = json.dumps([destination, document["body"], document["attributes"]], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _plan_document(plan: ImportPlan) -> dict[str, Any]:
    to_send = [{"line": m.document["line"], "key": DeadLetter(m.message).key} for m in plan.messages]
    return {
        "executed": False,
        "file": plan.file,
        "destination": plan.destination,
        "to_send": to_send,
        "sent_by_an_earlier_run": plan.earlier,
        "maybe_sent_twice": plan.unsure,
    }
