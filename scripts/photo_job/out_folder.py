"""Paths of outputs below the output folder."""

from pathlib import Path


class OutsideFolderError(Exception):
    """A key that leads out of the folder; nothing was written."""


def output_path(folder: Path, key: str) -> Path:
    """Return the local path of an output key.

    Args:
        folder: every path is below it.
        key: an S3 key, which anyone may have chosen.

    Raises:
        OutsideFolderError: the key is absolute, contains `..`, or passes through a symbolic link that leads out.
    """
    parts = key.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise OutsideFolderError(f"the key {key!r} is not a path below the output folder")
    target = folder.joinpath(*parts)
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise OutsideFolderError(f"the key {key!r} leads out of the output folder")
    return target
