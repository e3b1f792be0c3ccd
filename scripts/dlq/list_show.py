"""The commands `dlq list` and `dlq show`, which only read."""

from datetime import UTC, datetime, timedelta

from scripts.aws.dead_letter import DeadLetter
from scripts.aws.dlq_reader import NOTICE, read_dlq
from scripts.aws.photo_state import PhotoStates
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_OK
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.dlq.details import details_document, details_report, read_sources
from scripts.dlq.selection import Selection, oldest_first
from scripts.dlq.summary import DlqSummary, dead_letters_table, summary_document, summary_report

MAX_SHOWN = 10


def list_dead_letters(stage: Stage, selection: Selection, screen: Screen, *, each: bool) -> int:
    """Count the dead letters of a stage; with `each`, list them too."""
    queue, now = stage.dlq, datetime.now(UTC)
    summary, kept = DlqSummary(now), list[DeadLetter]()
    screen.note(NOTICE)
    with read_dlq(queue) as reader, screen.progress("reading", reader.depth.visible) as on_progress:
        for letter in reader.dead_letters():
            if not selection.mismatch(letter, now):
                summary.add(letter)
                on_progress(summary.count, "")
                if each or screen.as_json:
                    kept.append(letter)
    if reader.shortfall:
        screen.note(reader.shortfall)
    retention = timedelta(seconds=queue.retention_seconds)
    kept.sort(key=oldest_first)
    report = [*summary_report(summary, queue=queue.name, depth=reader.depth, retention=retention)]
    if each and kept:
        report += ["", dead_letters_table(kept, now)]
    screen.result(report, summary_document(summary, queue=queue.name, depth=reader.depth, letters=kept))
    return EXIT_OK


def show_dead_letters(stage: Stage, wanted_id: str, selection: Selection, screen: Screen) -> int:
    """Show dead letters whole: the one with this id, or those selected."""
    now = datetime.now(UTC)
    screen.note(NOTICE)
    found, more = list[DeadLetter](), 0
    with read_dlq(stage.dlq) as reader:
        for letter in reader.dead_letters():
            if wanted_id and wanted_id in (letter.id, letter.message_id):
                found = [letter]
                break
            if wanted_id or selection.mismatch(letter, now):
                continue
            if len(found) < MAX_SHOWN:
                found.append(letter)
            else:
                more += 1
    if not found:
        in_flight = f", {reader.depth.in_flight:,} are in flight" if reader.depth.in_flight else ""
        raise OperatorError(f"no such dead letter in {stage.dlq.name}{in_flight}; `dlq list --each` names all")
    photos, log_group = PhotoStates.of(stage), f"/aws/lambda/{stage.outputs.process_function}"
    report, documents = [], []
    for letter in found:
        sources = read_sources(letter, photos)
        report += [*details_report(letter, sources, now, log_group), ""]
        documents.append(details_document(letter, sources))
    if more:
        report.append(f"... and {more:,} more: narrow the glob, or `dlq list --each --key GLOB`")
    screen.result(report, documents)
    return EXIT_OK
