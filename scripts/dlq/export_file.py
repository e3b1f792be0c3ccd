"""The export file: dead letters as JSON lines, with body and attributes.

A line has `queue` (the DLQ's ARN), `id`, `body`, `attributes` and `system`; and `code` and `key`, for people and
`grep`, which the import ignores.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.aws.dead_letter import DeadLetter
from scripts.aws.sqs_message import MessageFormatError, StoredMessage
from scripts.cli.errors import OperatorError

MAX_MISTAKES_NAMED = 10


@dataclass(frozen=True)
class ExportLine:
    """One line of an export.

    Attributes:
        number: counted from 1.
        queue: the ARN of the DLQ; empty if the line has none.
    """

    number: int
    queue: str
    message: StoredMessage


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
        more = len(mistakes) - MAX_MISTAKES_NAMED
        named = "\n".join(mistakes[:MAX_MISTAKES_NAMED])
        raise OperatorError(f"{path} is not an export:\n{named}" + (f"\n... and {more:,} more" if more > 0 else ""))
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
    queue = document.get("queue", "")
    return ExportLine(number, queue if isinstance(queue, str) else "", message)


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
