"""The command `dlq import`: sends an export, edited or not, to be processed.

The journal beside the file names each line by its content and destination: a later run leaves out what was sent, and
sends a line that was edited since.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from processing.wording import count_of
from scripts.aws.dead_letter import NO_KEY, DeadLetter
from scripts.aws.parallel import chunks
from scripts.aws.stage import find_stage
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, ExecuteOption, JsonOption, StageOption
from scripts.cli.output import Report, Screen, Table, key_text, more_lines
from scripts.dlq.export_command import ExportLine, read_export
from scripts.dlq.redrive_command import RateOption, ToOption, find_queue
from scripts.dlq.redrive_plan import DRY_RUN, MAX_SHOWN
from scripts.sending.journal import open_journal
from scripts.sending.sender import SENDING, SENT, OutgoingMessage, RateLimit, Sender, SendResult, sending_notes


def import_messages(
    stage: StageOption,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export, edited or not.")],
    per_second: RateOption = None,
    to: ToOption = "",
    execute: ExecuteOption = False,
    as_json: JsonOption = False,
) -> int:
    """Send an export to be processed. Dead letters in the DLQ stay there: see purge."""
    queue, screen = find_queue(find_stage(stage), to), Screen(as_json=as_json)
    messages = _name_lines(read_export(file), queue.url)
    journal_file = file.with_name(f"{file.name}.journal")
    with open_journal(journal_file, execute=execute) as journal:
        known = journal.find(message.item for message in messages) if journal else {}
        steps = Counter(entry.step for entry in known.values())
        to_send = [message for message in messages if message.item not in known or known[message.item].step != SENT]
        document = {
            "executed": False,
            "file": file.name,
            "destination": queue.name,
            "to_send": [{"line": m.document["line"], "key": DeadLetter(m.message).key} for m in to_send],
            "sent_by_an_earlier_run": steps[SENT],
            "maybe_sent_twice": steps[SENDING],
        }
        left_out = f"{count_of(steps[SENT], 'line')} left out: an earlier run has sent them, says {journal_file.name}."
        notes = [left_out] if steps[SENT] else []
        if not (execute and journal):
            headline = f"To send: {count_of(len(to_send), 'message')} of {file.name} to {queue.name}."
            if steps[SENDING]:
                unsure = count_of(steps[SENDING], "line")
                notes.append(f"{unsure} may have been sent by an earlier run that was cut off: sent again.")
            notes.append(f"{journal_file.name}, beside the file, will remember which lines were sent.")
            screen.result([DRY_RUN, headline, *_first_lines(to_send), *notes], document)
            return EXIT_OK
        sent = _send(to_send, Sender(queue, journal, RateLimit(per_second)), screen)
    headline = f"Sent {count_of(len(sent.new_ids), 'message')} of {file.name} to {queue.name}."
    document |= {"executed": True, "sent": len(sent.new_ids), "refused": sent.refused}
    notes += sending_notes(len(sent.maybe_twice), Counter(sent.refused.values()))
    screen.result([headline, *notes], document)
    return EXIT_SOME_FAILED if sent.refused else EXIT_OK


def _name_lines(lines: Sequence[ExportLine], queue_url: str) -> list[OutgoingMessage]:
    """Name each line for the journal; equal lines are sent as often as they are in the file."""
    seen, messages = Counter[str](), []
    for line in lines:
        document = line.message.to_document()
        content = json.dumps([queue_url, document["body"], document["attributes"]], sort_keys=True)
        digest = hashlib.sha256(content.encode()).hexdigest()
        seen[digest] += 1
        messages.append(OutgoingMessage(f"{digest}-{seen[digest]}", line.message, {"line": line.number}))
    return messages


def _first_lines(messages: Sequence[OutgoingMessage]) -> Report:
    if not messages:
        return []
    letters = [(message.document["line"], DeadLetter(message.message)) for message in messages[:MAX_SHOWN]]
    rows = [(f"line {number}", letter.code, key_text(letter.key or NO_KEY)) for number, letter in letters]
    return ["", Table(("from", "code", "key"), rows), *more_lines(len(messages) - MAX_SHOWN), ""]


def _send(messages: Sequence[OutgoingMessage], sender: Sender, screen: Screen) -> SendResult:
    sent = SendResult()

    def so_far() -> str:
        return f"{len(sent.new_ids):,} of {count_of(len(messages), 'message')} sent; the journal remembers which."

    with screen.on_interrupt(so_far), screen.progress("sending", len(messages)) as on_progress:
        for chunk in chunks(messages, sender.group_size):
            sent.add(sender.send(chunk))
            on_progress(len(sent.new_ids), "")
    return sent
