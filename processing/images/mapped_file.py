"""Maps files into memory: reading a header costs only the pages that it is on, however long the file."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def map_file(path: Path) -> Iterator[mmap.mmap]:
    """Map a file of at least one byte for reading."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield data


def drop_resident_pages(data: mmap.mmap) -> None:
    """Drop a mapped file's pages from this process's memory; later reads find them in the page cache."""
    data.madvise(mmap.MADV_DONTNEED)
