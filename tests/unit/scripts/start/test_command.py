from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.cli.output import Screen
from scripts.photo_job.progress import JobProgress
from scripts.start.__main__ import StartRequest, close


def test_the_path_of_the_contact_sheet_is_the_last_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = SimpleNamespace(outputs=SimpleNamespace(input_bucket="in"), log=Path("stack.log"))
    job: Any = SimpleNamespace(out=tmp_path, progress=JobProgress(), digests=[], results=[], stack=stack)
    close(Screen(), StartRequest(folder=None, out=tmp_path), job, 7)
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == str(tmp_path / "index.html")
    assert f"0 of 7 photos are in {tmp_path}/ (open {tmp_path}/index.html). 7 not done." in said
    assert "sample photos" in (tmp_path / "index.html").read_text()
