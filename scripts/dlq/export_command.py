"""The command `dlq export`: writes dead letters to a file."""

from datetime import UTC, datetime
from pathlib import Path

from processing.wording import count_of
from scripts.aws.dlq_reader import read_dlq
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED
from scripts.cli.output import Screen
from scripts.dlq.export_file import write_export
from scripts.dlq.selection import Selection


def export_dead_letters(stage: Stage, file: Path, selection: Selection, screen: Screen) -> int:
    """Write dead letters to a file; leave them in the DLQ."""
    queue, now = stage.dlq, datetime.now(UTC)
    with read_dlq(queue, screen) as reader:
        selected = (letter for letter in reader.dead_letters() if not selection.mismatch(letter, now))
        count = write_export(file, queue.arn, selected)
    in_flight = reader.depth.in_flight
    lines = [f"Exported {count_of(count, 'dead letter')} from {queue.name} to {file}; they are still in the DLQ."]
    if in_flight:
        lines.append(f"{in_flight:,} more are in flight and not in the file.")
    if reader.shortfall:
        lines.append(f"{reader.shortfall} If some are missing, export again to another file.")
    document = {"file": str(file), "count": count, "queue": queue.arn, "in_flight": in_flight}
    screen.result(lines, {**document, "shortfall": reader.shortfall})
    return EXIT_SOME_FAILED if reader.shortfall else EXIT_OK
