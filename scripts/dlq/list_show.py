"""The commands that only look: `dlq list` and `dlq show`."""

from datetime import UTC, datetime, timedelta

from scripts.aws.dead_letter import DeadLetter
from scripts.aws.deployed_settings import read_deployed_settings
from scripts.aws.dlq_reader import NOTICE, read_dlq
from scripts.aws.photo_state import PhotoStates
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_OK
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.dlq.details import details_document, gather_evidence, letter_report
from scripts.dlq.selection import Selection
from scripts.dlq.summary import DlqSummary, dead_letters_table, summary_document, summary_report

MAX_SHOWN = 10


def list_letters(target: Stage, selection: Selection, screen: Screen, *, each: bool) -> int:
    """Counts the dead letters of a stage; with `each`, lists them too."""
    queue, now = target.dlq, datetime.now(UTC)
    census, kept = DlqSummary(now), list[DeadLetter]()
    screen.note(NOTICE)
    with read_dlq(queue) as reader, screen.progress("reading", reader.depth.visible) as on_progress:
        for letter in reader.dead_letters():
            if not selection.mismatch(letter, now):
                census.add(letter)
                on_progress(census.count, "")
                if each or screen.as_json:
                    kept.append(letter)
    if reader.shortfall:
        screen.note(reader.shortfall)
    retention = timedelta(seconds=queue.retention_seconds)
    kept.sort(key=lambda letter: (letter.sent_at, letter.id))
    report = [*summary_report(census, queue=queue.name, depth=reader.depth, retention=retention)]
    if each and kept:
        report += ["", dead_letters_table(kept, now)]
    screen.result(report, summary_document(census, queue=queue.name, depth=reader.depth, letters=kept))
    return EXIT_OK


def show_letters(target: Stage, wanted_id: str, selection: Selection, screen: Screen) -> int:
    """Shows dead letters whole: the one with this id, or those that are selected."""
    queue, now = target.dlq, datetime.now(UTC)
    screen.note(NOTICE)
    found, more = list[DeadLetter](), 0
    with read_dlq(queue) as reader:
        for letter in reader.dead_letters():
            if not _is_meant(letter, wanted_id, selection, now):
                continue
            if len(found) < MAX_SHOWN:
                found.append(letter)
            else:
                more += 1
            if wanted_id:
                break
    if not found:
        held = f", {reader.depth.in_flight:,} are held by someone else just now" if reader.depth.in_flight else ""
        raise OperatorError(f"no such dead letter in {queue.name}{held}; `dlq list --each` names all")
    _show(target, found, more, screen, now)
    return EXIT_OK


def _is_meant(letter: DeadLetter, wanted_id: str, selection: Selection, now: datetime) -> bool:
    if wanted_id:
        return wanted_id in (letter.id, letter.message_id)
    return not selection.mismatch(letter, now)


def _show(target: Stage, letters: list[DeadLetter], more: int, screen: Screen, now: datetime) -> None:
    photos = PhotoStates(target.s3, target.outputs.output_bucket, read_deployed_settings(target).fingerprint)
    log_group = f"/aws/lambda/{target.outputs.process_function}"
    report, documents = [], []
    for letter in letters:
        evidence = gather_evidence(letter, photos)
        report += [*letter_report(letter, evidence, now, log_group), ""]
        documents.append(details_document(letter, evidence))
    if more:
        report.append(f"... and {more:,} more: narrow the glob, or `dlq list --each --key GLOB`")
    screen.result(report, documents)
