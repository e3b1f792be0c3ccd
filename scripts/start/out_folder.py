"""Where outputs land on the laptop: under their keys, and never outside the folder that was named."""

import os
import tempfile
from pathlib import Path
from typing import Protocol

CHUNK_BYTES = 1024 * 1024


class Readable(Protocol):
    """What can be read in chunks: an open file, a response's body."""

    def read(self, size: int, /) -> bytes: ...


class OutsideFolderError(Exception):
    """A key that would leave the folder; nothing was written."""


def place(folder: Path, key: str) -> Path:
    """Finds the local file for an output key.

    Args:
        folder: everything stays below it.
        key: an S3 key, which anyone may have chosen.

    Raises:
        OutsideFolderError: the key is absolute, climbs out, or passes through a symbolic link that does.
    """
    parts = key.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise OutsideFolderError(f"the key {key!r} is no path below the output folder")
    target = folder.joinpath(*parts)
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise OutsideFolderError(f"the key {key!r} leads out of the output folder")
    return target


def save(body: Readable, target: Path) -> None:
    """Writes a file that is either whole or not there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=target.parent, prefix=".partial-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            while chunk := body.read(CHUNK_BYTES):
                file.write(chunk)
        Path(partial).chmod(0o644)
        Path(partial).replace(target)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
