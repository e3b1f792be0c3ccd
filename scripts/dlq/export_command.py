"""The command `dlq export`, and the export file: dead letters as JSON lines, with body and attributes.

A line has `queue` (the DLQ's ARN), `id`, `body`, `attributes` and `system`; and `code` and `key`, for people and
`grep`, which the import ignores.
"""

import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from processing.wording import count_of
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.dlq_reader import read_dlq
from scripts.aws.sqs_message import MessageFormatError, StoredMessage
from scripts.aws.stage import find_stage
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, JsonOption, StageOption
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen, more_lines
from scripts.dlq.selection import CodeOption, KeyOption, NewerOption, OlderOption, Selection
from scripts.sending import journal

MAX_MISTAKES_NAMED = 10


class ExportLine(NamedTuple):
    """A line of an export: its number from 1, the ARN of the DLQ (empty if it has none), the message."""

    number: int
    queue: str
    message: StoredMessage


def export_dead_letters(
    stage: StageOption,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A new file; .darkroom/dlq-STAGE-TIME.jsonl by default.")
    ] = None,
    code: CodeOption = None,
    key: KeyOption = None,
    older_than: OlderOption = None,
    newer_than: NewerOption = None,
    as_json: JsonOption = False,
) -> int:
    """Write dead letters to a file, one JSON line each, whole. They stay in the DLQ."""
    queue, screen, now = find_stage(stage).dlq, Screen(as_json=as_json), datetime.now(UTC)
    selection, file = Selection(code, key, older_than, newer_than), file or _default_file(stage, now)
    with screen.on_interrupt(lambda: "No file was written."), read_dlq(queue, screen) as reader:
        selected = (letter for letter in reader.dead_letters() if not selection.mismatch(letter, now))
        count = write_export(file, queue.arn, selected)
    lines = [f"Exported {count_of(count, 'dead letter')} from {queue.name} to {file}; they are still in the DLQ."]
    if reader.shortfall:
        lines.append("Not all are in the file (see above): export again to another file.")
    document = {"file": str(file), "count": count, "queue": queue.arn, "not_seen": reader.unseen}
    screen.result(lines, {**document, "in_flight": reader.in_flight, "shortfall": reader.shortfall})
    return EXIT_SOME_FAILED if reader.shortfall else EXIT_OK


def _default_file(stage: str, now: datetime) -> Path:
    """Return a new file's name in the folder of the journals, which git ignores."""
    journal.JOURNALS.mkdir(parents=True, exist_ok=True)
    return journal.JOURNALS / f"dlq-{stage}-{now:%Y%m%dT%H%M%SZ}.jsonl"


def write_export(path: Path, queue: str, letters: Iterable[DeadLetter]) -> int:
    """Write dead letters to a new file atomically and flush it; return their number.

    Raises:
        OperatorError: the file cannot be written, or exists: it may be the only copy after a purge.
    """
    if path.exists():
        raise OperatorError(f"{path} exists already: name another file")
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.touch(mode=0o600)  # before anything is read
    except OSError as error:
        raise OperatorError(f"{path} cannot be written: {error.strerror}") from error
    try:
        count = _write(partial, queue, letters)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return count


def read_export(path: Path) -> list[ExportLine]:
    """Read and check an export, edited or not; skip empty lines.

    Raises:
        OperatorError: the file cannot be read, or lines are wrong; the text names the lines.
    """
    lines, mistakes = [], []
    for number, text in _texts(path):
        try:
            lines.append(_parse(number, text))
        except MessageFormatError as error:
            mistakes.append(f"line {number}: {error}")
    if mistakes:
        more = more_lines(len(mistakes) - MAX_MISTAKES_NAMED)
        raise OperatorError(f"{path} is not an export:", *mistakes[:MAX_MISTAKES_NAMED], *more)
    return lines


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8") as file:
            yield from ((number, text) for number, text in enumerate(file, start=1) if text.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} cannot be read: {error}") from error


def _parse(number: int, text: str) -> ExportLine:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise MessageFormatError("not JSON") from None
    message = StoredMessage.from_document(document)
    return ExportLine(number, str(document.get("queue", "")), message)


def _write(path: Path, queue: str, letters: Iterable[DeadLetter]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for letter in letters:
            document = {"queue": queue, "code": letter.code, "key": letter.key, **letter.message.to_document()}
            file.write(json.dumps(document) + "\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
