"""Maps files into memory, so that only the pages that are read are loaded."""

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
    """Drop a mapped file's pages from memory; the page cache keeps them."""
    data.madvise(mmap.MADV_DONTNEED)
