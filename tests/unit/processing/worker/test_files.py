import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BytesIO, FileIO
from pathlib import Path
from typing import Any

import pytest

from processing.renditions import Rendition
from processing.settings import Limits, RenderSettings
from processing.worker.files import OutputSizeError, WorkerFiles
from processing.worker.protocol import WorkerSettings

SETTINGS = WorkerSettings(RenderSettings((Rendition("tiny", 10, 80),), Limits(1_000_000, 10**9, 1)))
LIMITS = SETTINGS.render.output_limits


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerFiles]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with closing(WorkerFiles(SETTINGS)) as files:
        yield files


@pytest.fixture
def worker(files: WorkerFiles) -> Iterator[WorkerSettings]:
    """Return the settings with the descriptors that a worker inherits."""
    with files.open_for_worker(SETTINGS) as worker:
        yield worker


def test_the_files_have_no_names(files: WorkerFiles, worker: WorkerSettings, tmp_path: Path) -> None:
    assert [os.fstat(descriptor).st_nlink for descriptor in worker.descriptors] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == []


def test_the_source_is_as_long_as_its_map_until_the_first_photo(files: WorkerFiles, worker: WorkerSettings) -> None:
    source = os.fstat(worker.source_descriptor)
    assert source.st_size == worker.mapped_bytes == 1_000_001
    assert source.st_blocks == 0
    assert files.put_source(BytesIO(b"photo")) == 5
    assert os.pread(worker.source_descriptor, 100, 0) == b"photo"


@pytest.mark.parametrize("call", [lambda source: os.pwrite(source, b"x", 0), lambda source: os.ftruncate(source, 0)])
def test_a_worker_may_read_the_source_and_not_write_it(worker: WorkerSettings, call: Callable[[int], Any]) -> None:
    with pytest.raises(OSError, match=f"{errno.EBADF}|{errno.EINVAL}"):
        call(worker.source_descriptor)


def test_outputs_are_copied_wherever_the_worker_left_its_position(files: WorkerFiles, worker: WorkerSettings) -> None:
    files.put_source(BytesIO(b"photo"))
    for number, descriptor in enumerate(worker.output_descriptors):
        os.write(descriptor, b"output %d" % number)
        os.lseek(descriptor, 3, os.SEEK_SET)
    into = [BytesIO(b"an older and longer output") for _ in LIMITS]
    files.take_outputs(into)
    assert [file.getvalue() for file in into] == [b"output 0", b"output 1"]


@pytest.mark.parametrize("sizes", [(0, 1), (1, 0), (LIMITS[0] + 1, 1), (1, LIMITS[1] + 1), (10**9, 1)])
def test_an_output_of_an_impossible_size_is_refused(
    files: WorkerFiles, worker: WorkerSettings, sizes: tuple[int, int]
) -> None:
    for descriptor, size in zip(worker.output_descriptors, sizes, strict=True):
        os.ftruncate(descriptor, size)
    with pytest.raises(OutputSizeError):
        files.take_outputs([BytesIO() for _ in LIMITS])


def test_nothing_of_a_photo_is_left_for_the_next_one(files: WorkerFiles, worker: WorkerSettings) -> None:
    files.put_source(BytesIO(b"a long photo"))
    os.write(worker.output_descriptors[0], b"output")
    files.put_source(BytesIO(b"photo"))
    assert os.pread(worker.source_descriptor, 100, 0) == b"photo"
    assert os.fstat(worker.output_descriptors[0]).st_size == 0


def test_a_photo_that_the_disk_takes_in_part_is_not_rendered(
    files: WorkerFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    class AlmostFull(FileIO):
        def write(self, data: Any) -> int:
            return super().write(memoryview(data)[:3])

    with tempfile.TemporaryFile() as disk:
        monkeypatch.setattr(files, "_source", AlmostFull(disk.fileno(), "r+b", closefd=False))
        with pytest.raises(OSError, match="the ephemeral storage is full"):
            files.put_source(BytesIO(b"photo"))
