"""Writes files atomically."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import SupportsRead


def save(body: "SupportsRead[bytes]", target: Path, mode: int = 0o644) -> None:
    """Write a file atomically, and the folders that it needs."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=target.parent, prefix=".partial-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            shutil.copyfileobj(body, file)
        Path(partial).chmod(mode)
        Path(partial).replace(target)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
