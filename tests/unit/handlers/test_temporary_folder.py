import errno
import os
import tempfile
from pathlib import Path

import pytest

from handlers.temporary_folder import remove_leftover_folders, temporary_folder
from processing.failures import FailureCode, RetryableError


@pytest.fixture(autouse=True)
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_a_folder_is_removed_when_its_photo_is_done(disk: Path) -> None:
    with temporary_folder() as folder:
        (folder / "source").write_bytes(b"photo")
    assert list(disk.iterdir()) == []


def test_what_a_predecessor_of_the_same_process_id_left_behind_is_removed(disk: Path) -> None:
    (disk / f"darkroom-{os.getpid()}-abc").mkdir()
    remove_leftover_folders()
    assert list(disk.iterdir()) == []


def test_folders_of_running_processes_stay(disk: Path) -> None:
    (disk / f"darkroom-{os.getppid()}-abc").mkdir()
    (disk / "darkroom-notes").mkdir()
    remove_leftover_folders()
    assert len(list(disk.iterdir())) == 2


def test_a_full_disk_is_a_retryable_failure() -> None:
    with pytest.raises(RetryableError) as caught, temporary_folder():
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.code is FailureCode.DISK_FULL
