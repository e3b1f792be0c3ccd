"""The command `dlq export`: dead letters to a file."""

from datetime import UTC, datetime
from pathlib import Path

from processing.wording import count_of
from scripts.aws.dlq_reader import NOTICE, read_dlq
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED
from scripts.cli.output import Screen
from scripts.dlq.export_file import write_export
from scripts.dlq.selection import Selection


def export_letters(target: Stage, file: Path, selection: Selection, screen: Screen) -> int:
    """Writes dead letters to a file; they stay in the DLQ."""
    queue, now = target.dlq, datetime.now(UTC)
    screen.note(NOTICE)
    with read_dlq(queue) as reader:
        chosen = (letter for letter in reader.dead_letters() if not selection.mismatch(letter, now))
        count = write_export(file, queue.arn, chosen)
    lines = [f"Exported {count_of(count, 'dead letter')} from {queue.name} to {file}; they are still in the DLQ."]
    if reader.depth.in_flight:
        lines.append(f"{reader.depth.in_flight:,} more were held by someone else just now and are not in it.")
    if reader.shortfall:
        lines.append(f"{reader.shortfall} If some are missing, export again to another file.")
    document = {
        "file": str(file),
        "count": count,
        "queue": queue.arn,
        "in_flight": reader.depth.in_flight,
        "shortfall": reader.shortfall,
    }
    screen.result(lines, document)
    return EXIT_SOME_FAILED if reader.shortfall else EXIT_OK
