from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.cli.failures import NOT_COPIED, Failure
from scripts.cli.output import Screen, plain_lines
from scripts.photo_job.photo_folder import not_uploaded
from scripts.photo_job.progress import JobProgress
from scripts.start.__main__ import final_report, local_failures_note, show_contact_sheet


def report(progress: JobProgress, expected: int) -> list[str]:
    stack = SimpleNamespace(outputs=SimpleNamespace(input_bucket="in"), log=Path("stack.log"))
    job: Any = SimpleNamespace(progress=progress, stack=stack)
    return plain_lines(final_report(job, expected, seconds=1))


def failed(key: str, code: str) -> JobProgress:
    progress = JobProgress()
    progress.follow(key, "e1")
    progress.settle(key, code, Failure(key, code, "look"))
    return progress


def test_failures_that_the_digest_cannot_contain_are_named_with_their_numbers() -> None:
    progress = failed("a.jpg", NOT_COPIED)
    progress.outcomes[NOT_COPIED] = 1_800
    progress.note_not_uploaded(not_uploaded("b.jpg", "why"))
    assert local_failures_note(progress) == [
        "(It does not contain what failed on this machine: 1 not-uploaded, 1,800 not-copied.)",
        "",
    ]


def test_a_job_that_was_interrupted_says_how_many_photos_are_not_done() -> None:
    assert "not done     1,200" in report(failed("a.jpg", "no-outcome"), 1_201)


def test_a_job_that_was_finished_has_no_such_line() -> None:
    assert not any("not done" in line for line in report(JobProgress(), 0))


def test_after_the_failures_it_says_what_to_do_about_them_all() -> None:
    assert report(failed("a.jpg", NOT_COPIED), 1)[-1] == (
        "Your originals are untouched; fix what failed, then run the folder again."
    )


def test_photos_without_an_outcome_lead_to_the_log_of_the_local_aws() -> None:
    assert report(failed("a.jpg", "no-outcome"), 1)[-1] == "The log of the local AWS is stack.log"


def test_the_path_of_the_contact_sheet_is_the_last_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_contact_sheet(Screen(), finished_job(tmp_path), title="holiday")
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "index.html")
    assert "a.jpg" in (tmp_path / "index.html").read_text()


def test_a_contact_sheet_that_cannot_be_written_is_reported_and_does_not_end_the_job(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "index.html").mkdir()  # a photo of this name
    show_contact_sheet(Screen(), finished_job(tmp_path), title="holiday")
    assert "index.html could not be written: Is a directory." in capsys.readouterr().err


def finished_job(out: Path) -> Any:
    return SimpleNamespace(out=out, progress=failed("a.jpg", NOT_COPIED), digests=[])
