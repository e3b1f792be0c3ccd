"""Folders on the temporary disk, one for each photo in work; what a killed function left behind is cleared away.

Lambda keeps /tmp when it restarts a function that died in the same environment: without this, each death would leave
the sources of its batch there until the disk is full.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from processing.failures import FailureCode, RetryableError

_PREFIX = "darkroom-"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder of its own for one photo; a full disk is a retryable failure, not the photo's fault.

    Raises:
        RetryableError: `disk-full`.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    try:
        yield folder
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise RetryableError(FailureCode.DISK_FULL, "the temporary disk is full") from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear_scratch() -> None:
    """Removes the folders of processes that are gone; to be called before this one makes its first."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        # One with our own id was made by a predecessor: in a restarted environment ids repeat.
        is_left_behind = owner == str(os.getpid()) or not Path("/proc", owner).exists()
        if owner.isdigit() and is_left_behind:
            shutil.rmtree(folder, ignore_errors=True)
