"""The files between a worker and its parent: they have no names, and the worker inherits them open."""

import errno
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from io import SEEK_END, FileIO
from pathlib import Path
from typing import IO

from processing.worker.protocol import WorkerSettings

# A descriptor opened again has a position of its own, and may have fewer rights. macOS has /dev/fd only.
_OPEN_FILES = next((folder for folder in (Path("/proc/self/fd"), Path("/dev/fd")) if folder.exists()), Path("/dev/fd"))
_CHUNK_BYTES = 1024 * 1024


class OutputSizeError(RuntimeError):
    """An output is empty, or larger than its settings allow."""


class WorkerFiles:
    """The parent's side of the files of one worker, reused for each of its photos.

    The worker may read the source and write the outputs, by descriptors of its own. It has no descriptor of any file
    that the parent reads later: outputs are copied out before their photo is stored.

    Args:
        settings: decide how many outputs there are, and the largest source and outputs.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._output_limits = settings.render.output_limits
        self._files = ExitStack()
        self._source = self.make_file()
        self._source.truncate(settings.mapped_bytes)  # until the worker has mapped it; a sparse file takes no space
        self._outputs = [self.make_file() for _ in self._output_limits]

    def make_file(self) -> FileIO:
        """Make an unlinked temporary file that is closed with the others."""
        return self._files.enter_context(tempfile.TemporaryFile(buffering=0))

    @contextmanager
    def open_for_worker(self, settings: WorkerSettings) -> Iterator[WorkerSettings]:
        """Open the files once more while the worker starts; return its settings with these descriptors.

        They are the descriptors to pass on, `WorkerSettings.descriptors`. Of the source the worker's only reads.
        """
        with ExitStack() as files:
            source = files.enter_context(_open_again(self._source, "rb"))
            outputs = [files.enter_context(_open_again(output, "r+b")) for output in self._outputs]
            yield replace(
                settings,
                source_descriptor=source.fileno(),
                output_descriptors=tuple(output.fileno() for output in outputs),
            )

    def put_source(self, photo: IO[bytes]) -> int:
        """Copy a photo into the source file; only after the worker said that it is ready.

        Returns:
            The size in bytes.
        """
        self.clear()
        photo.seek(0)
        while chunk := photo.read(_CHUNK_BYTES):
            if self._source.write(chunk) < len(chunk):  # without a buffer, a disk that becomes full ends a write early
                raise OSError(errno.ENOSPC, "the ephemeral storage is full")
        return self._source.tell()

    def take_outputs(self, into: Iterable[IO[bytes]]) -> None:
        """Copy the outputs into files that the worker does not have.

        Raises:
            OutputSizeError: one is empty or too large; its size is not the worker's to choose.
        """
        for output, limit, file in zip(self._outputs, self._output_limits, into, strict=True):
            size = output.seek(0, SEEK_END)
            if not 0 < size <= limit:
                raise OutputSizeError(f"an output of {size:,} bytes, the limit is {limit:,}")
            output.seek(0)
            file.seek(0)
            file.truncate()
            _copy(output, file, size)

    def clear(self) -> None:
        """Remove the photo and its outputs."""
        for file in (self._source, *self._outputs):
            file.seek(0)
            file.truncate()

    def close(self) -> None:
        """Close all files."""
        self._files.close()


def _open_again(file: FileIO, mode: str) -> FileIO:
    return FileIO(str(_OPEN_FILES / str(file.fileno())), mode)


def _copy(source: FileIO, into: IO[bytes], size: int) -> None:
    # Not to its end: a hostile worker may go on writing.
    while size > 0 and (chunk := source.read(min(size, _CHUNK_BYTES))):
        into.write(chunk)
        size -= len(chunk)
