"""The files of one photo. They have no names and no worker has them; they vanish with the process.

Lambda keeps /tmp when it restarts a crashed function in the same environment, so names would stay.
"""

import errno
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import SEEK_END, BytesIO
from typing import IO

from processing.failures import FailureCode, RetryableError
from processing.layout import PhotoReport
from processing.output_keys import output_names
from processing.settings import RenderSettings

# An output whose limit is larger goes to ephemeral storage. In memory no worker can reach it, not even through
# /proc/PID/fd with a system call that takes a path, such as truncate(2). Outputs are much smaller than their limits.
MAX_BYTES_IN_MEMORY = 32 * 1024 * 1024


@dataclass
class PhotoFiles:
    """A photo and its outputs.

    Attributes:
        source: the photo.
        outputs: by file name, the commit marker last.
        report: once it is rendered.
        title: of the PDF.
    """

    source: IO[bytes]
    outputs: Mapping[str, IO[bytes]]
    report: PhotoReport | None = None
    title: str = ""
    _sealed: tuple[int, int] | None = None

    def seal_source(self) -> None:
        """Remember the state of the source, which from now on does not change."""
        self.source.flush()
        self._sealed = _state(self.source)

    def check_source(self) -> None:
        """Check that the source is as it was sealed: a hostile worker may find it in /proc/PID/fd and truncate it.

        Raises:
            RetryableError: `internal-error`; it must be downloaded again.
        """
        if self._sealed not in (None, _state(self.source)):
            raise RetryableError(FailureCode.INTERNAL_ERROR, "its temporary file was changed by another process")


@contextmanager
def open_photo_files(settings: RenderSettings) -> Iterator[PhotoFiles]:
    """Make a photo's files and close them after the block.

    Raises:
        RetryableError: `disk-full`.
    """
    try:
        with ExitStack() as files:
            source = files.enter_context(tempfile.TemporaryFile())
            outputs = [files.enter_context(_open_output(limit)) for limit in settings.output_limits]
            yield PhotoFiles(source, dict(zip(output_names(settings.renditions), outputs, strict=True)))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise RetryableError(FailureCode.DISK_FULL, "the ephemeral storage is full") from error
        raise


def size_of(file: IO[bytes]) -> int:
    """Return a file's size in bytes; its position is then its end."""
    return file.seek(0, SEEK_END)


def _open_output(limit: int) -> IO[bytes]:
    return BytesIO() if limit <= MAX_BYTES_IN_MEMORY else tempfile.TemporaryFile()


def _state(file: IO[bytes]) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_ctime_ns  # unlike the time of modification, nobody can set it
