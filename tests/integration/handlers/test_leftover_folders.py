import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from handlers.temporary_folder import remove_leftover_folders

KILLED_HALF_WAY = """
import os, signal
from handlers.temporary_folder import temporary_folder
with temporary_folder() as folder:
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_function_left_behind_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    killed = subprocess.run([sys.executable, "-c", KILLED_HALF_WAY], capture_output=True, text=True, check=False)
    left_behind = Path(killed.stdout.strip())
    assert left_behind.parent == tmp_path
    assert left_behind.is_dir()
    remove_leftover_folders()
    assert not left_behind.exists()
