"""The command `dlq import`: sends an export, edited or not, to be processed.

The journal lies beside the file. It knows each line by its content and destination, so that a second run leaves out
what the first has sent, and a line that was edited since is another one.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processing.wording import count_of
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.parallel import chunks
from scripts.aws.sqs_message import StoredMessage
from scripts.aws.sqs_queue import SqsQueue
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED
from scripts.cli.output import Report, Screen, Table, key_text
from scripts.dlq.export_file import ExportLine, read_export
from scripts.dlq.redrive_plan import DRY_RUN, MAX_SHOWN
from scripts.dlq.summary import NO_KEY
from scripts.sending.journal import Journal, open_journal
from scripts.sending.rate_limit import RateLimit
from scripts.sending.sender import SENDING, SENT, OutgoingMessage, Sender, SendResult

_CHUNK = 100


@dataclass(frozen=True)
class ImportPlan:
    """What an import would do.

    Attributes:
        file: the export's name.
        destination: the queue's name.
        shipments: what is sent, in the file's order.
        lines: the lines of the shipments.
        earlier: how many lines an earlier run has sent.
        unsure: how many of the shipments an earlier run may have sent.
    """

    file: str
    destination: str
    shipments: tuple[OutgoingMessage, ...]
    lines: tuple[ExportLine, ...]
    earlier: int
    unsure: int


def import_letters(
    target: Stage, file: Path, to: str, per_second: float | None, screen: Screen, *, execute: bool
) -> int:
    """Sends an export to a queue; prints what it would send, or sends it with `execute`."""
    destination, lines = SqsQueue(target.sqs, to), read_export(file)
    journal_file = file.with_name(f"{file.name}.journal")
    with open_journal(journal_file, execute=execute) as journal:
        plan = plan_import(file.name, lines, destination, journal)
        if not (execute and journal):
            memory = f"{journal_file.name}, beside the file, will remember which lines were sent."
            screen.result([DRY_RUN, *import_report(plan), memory], _document(plan))
            return EXIT_OK
        sent = _send(plan, Sender(destination, journal, RateLimit(per_second)), screen)
    document = {**_document(plan), "executed": True, "sent": len(sent.new_ids), "refused": sent.refused}
    screen.result(sent_report(plan, sent), document)
    return EXIT_SOME_FAILED if sent.refused else EXIT_OK


def plan_import(file: str, lines: Sequence[ExportLine], destination: SqsQueue, journal: Journal | None) -> ImportPlan:
    """Decides line by line what an earlier run has left to do. A line that was edited since is another one."""
    seen: Counter[str] = Counter()
    shipments = []
    for line in lines:
        digest = _digest(destination.url, line.message)
        seen[digest] += 1
        shipments.append(OutgoingMessage(f"{digest}-{seen[digest]}", line.message, {"line": line.number}))
    known = journal.find(shipment.item for shipment in shipments) if journal else {}
    done = {item for item, entry in known.items() if entry.step == SENT}
    left = [(s, line) for s, line in zip(shipments, lines, strict=True) if s.item not in done]
    return ImportPlan(
        file=file,
        destination=destination.name,
        shipments=tuple(shipment for shipment, _ in left),
        lines=tuple(line for _, line in left),
        earlier=len(done),
        unsure=sum(entry.step == SENDING for entry in known.values()),
    )


def import_report(plan: ImportPlan) -> Report:
    """The plan for people."""
    report: list[str | Table] = [
        f"To send: {count_of(len(plan.lines), 'message')} of {plan.file} to {plan.destination}."
    ]
    if plan.lines:
        letters = [(line.number, DeadLetter(line.message)) for line in plan.lines[:MAX_SHOWN]]
        rows = [(f"line {number}", letter.code, key_text(letter.key or NO_KEY)) for number, letter in letters]
        report += ["", Table(("from", "code", "key"), rows)]
        report += [f"... and {len(plan.lines) - MAX_SHOWN:,} more"] if len(plan.lines) > MAX_SHOWN else []
        report.append("")
    report += _left_out(plan)
    if plan.unsure:
        report.append(
            f"{count_of(plan.unsure, 'line')} may have been sent by an earlier run that was cut off: sent again."
        )
    return report


def sent_report(plan: ImportPlan, sent: SendResult) -> Report:
    """The result for people."""
    lines = [f"Sent {count_of(len(sent.new_ids), 'message')} of {plan.file} to {plan.destination}."]
    lines += _left_out(plan)
    if sent.maybe_twice:
        lines.append(
            f"{len(sent.maybe_twice):,} may have been sent twice: an earlier run was cut off. That is harmless."
        )
    for code, count in sorted(Counter(sent.refused.values()).items()):
        lines.append(f"{count:,} refused by SQS ({code}): give the command again to try them again.")
    return lines


def _left_out(plan: ImportPlan) -> list[str]:
    if not plan.earlier:
        return []
    return [f"{count_of(plan.earlier, 'line')} left out: an earlier run has sent them, says {plan.file}.journal."]


def _send(plan: ImportPlan, sender: Sender, screen: Screen) -> SendResult:
    sent = SendResult()
    with screen.progress("sending", len(plan.shipments)) as on_progress:
        for chunk in chunks(plan.shipments, _CHUNK):
            sent.add(sender.send(chunk))
            on_progress(len(sent.new_ids), "")
    return sent


def _digest(destination: str, message: StoredMessage) -> str:
    document = message.to_document()
    content = json.dumps([destination, document["body"], document["attributes"]], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _document(plan: ImportPlan) -> dict[str, Any]:
    return {
        "executed": False,
        "file": plan.file,
        "destination": plan.destination,
        "to_send": [{"line": line.number, "key": DeadLetter(line.message).key} for line in plan.lines],
        "sent_by_an_earlier_run": plan.earlier,
        "maybe_sent_twice": plan.unsure,
    }
