"""Walk a folder of photos as a stream, in the order of their names."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from processing.failures import FailureCode
from processing.output_keys import MAX_KEY_BYTES
from processing.wording import human_bytes
from scripts.cli.failures import NOT_UPLOADED, Failure

HOW_TO_UPLOAD = "Fix what its reason says, then give the same command again."


class FileState(StrEnum):
    """A file compared with the object under its key."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class LocalFile:
    """A file and the S3 key it is uploaded under.

    Attributes:
        key: prefix and relative path, with slashes.
        state: an unchanged file is not uploaded.
        etag: of the object under its key; empty when there is none.
    """

    path: Path
    key: str
    size_bytes: int
    state: FileState = FileState.NEW
    etag: str = ""


Files = Iterable[LocalFile | Failure]


def walk(folder: Path, prefix: str = "") -> Iterator[LocalFile | Failure]:
    """Yield every file below a folder, and a failure for every entry that cannot be uploaded."""
    try:
        with os.scandir(folder) as entries:
            sorted_entries = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        yield not_uploaded(prefix, error_reason(error))
        return
    for entry in sorted_entries:
        if entry.is_dir(follow_symlinks=False):
            yield from walk(Path(entry.path), f"{prefix}{entry.name}/")
        else:
            yield _read_entry(entry, f"{prefix}{entry.name}")


def refuse_too_large(files: Files, max_bytes: int, what_to_do: str) -> Iterator[LocalFile | Failure]:
    """Replace each file that the function would refuse by its failure, so that it is not uploaded.

    Args:
        files: to upload.
        max_bytes: of one file; 0 for no limit.
        what_to_do: for people.
    """
    for file in files:
        if isinstance(file, LocalFile) and 0 < max_bytes < file.size_bytes:
            detail = f"{human_bytes(file.size_bytes)}, the limit is {human_bytes(max_bytes)}; not uploaded"
            yield Failure(file.key, FailureCode.TOO_MANY_BYTES.value, what_to_do, detail)
        else:
            yield file


def not_uploaded(key: str, reason: str) -> Failure:
    """Make the failure of a file that cannot be uploaded."""
    return Failure(key, NOT_UPLOADED, HOW_TO_UPLOAD, reason)


def error_reason(error: Exception) -> str:
    """Return an error's reason for people, without the file name that a table shows beside it."""
    return (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__


def _read_entry(entry: "os.DirEntry[str]", key: str) -> LocalFile | Failure:
    try:
        status = entry.stat()
    except OSError as error:
        return not_uploaded(key, error_reason(error))
    if stat.S_ISDIR(status.st_mode):
        return not_uploaded(key, "a link to a folder: not followed, it may lead in a circle")
    if not stat.S_ISREG(status.st_mode):
        return not_uploaded(key, "not a file but a pipe, a socket or a device")
    try:
        key_bytes = len(key.encode())
    except UnicodeEncodeError:
        return not_uploaded(key, "its name is not valid UTF-8, which keys must be: rename it")
    if key_bytes > MAX_KEY_BYTES:
        return not_uploaded(key, f"its key has {key_bytes:,} bytes, S3 takes {MAX_KEY_BYTES:,}")
    return LocalFile(Path(entry.path), key, status.st_size)
