"""Folders on the temporary disk, one for each photo in process; removes those of a killed function.

Lambda keeps /tmp when it restarts a crashed function in the same environment: without the removal, each crash would
leave the sources of its batch until the disk is full.
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
def temporary_folder() -> Iterator[Path]:
    """Make a folder for one photo and remove it after the block.

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


def remove_leftover_folders() -> None:
    """Remove the folders of processes that have ended; call it before this process makes its first."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        # Process ids repeat in a restarted environment: one with our own id was made by a predecessor.
        is_leftover = owner == str(os.getpid()) or not Path("/proc", owner).exists()
        if owner.isdigit() and is_leftover:
            shutil.rmtree(folder, ignore_errors=True)
