import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from handlers.temporary_folder import clear_scratch, scratch_folder
from processing.failures import FailureCode, RetryableError

KILLED_HALF_WAY = """
import os, signal
from handlers.temporary_folder import scratch_folder
with scratch_folder() as folder:
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_a_folder_is_gone_when_its_photo_is_done(disk: Path) -> None:
    with scratch_folder() as folder:
        (folder / "source").write_bytes(b"photo")
    assert list(disk.iterdir()) == []


def test_what_a_killed_function_left_behind_is_cleared_away(disk: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED_HALF_WAY], capture_output=True, text=True, check=False)
    left_behind = Path(killed.stdout.strip())
    assert left_behind.parent == disk
    assert left_behind.is_dir()
    clear_scratch()
    assert not left_behind.exists()


def test_what_a_predecessor_of_the_same_process_id_left_behind_is_cleared_away(disk: Path) -> None:
    (disk / f"darkroom-{os.getpid()}-abc").mkdir()
    clear_scratch()
    assert list(disk.iterdir()) == []


def test_what_others_have_in_work_stays(disk: Path) -> None:
    (disk / f"darkroom-{os.getppid()}-abc").mkdir()
    (disk / "darkroom-notes-of-somebody").mkdir()
    clear_scratch()
    assert len(list(disk.iterdir())) == 2


def test_a_full_disk_is_a_retryable_failure() -> None:
    with pytest.raises(RetryableError) as caught, scratch_folder():
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.code is FailureCode.DISK_FULL
