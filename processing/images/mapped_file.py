"""Reads files through the page cache: a header costs the pages that it is on, however long the file."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def map_file(path: Path) -> Iterator[mmap.mmap]:
    """Maps a file for reading.

    Args:
        path: a file of at least one byte.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield data


def forget_pages(data: mmap.mmap) -> None:
    """Takes a file's pages out of this process's memory; those that are touched again come back from the page cache."""
    data.madvise(mmap.MADV_DONTNEED)
