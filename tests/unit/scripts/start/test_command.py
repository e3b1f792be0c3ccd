from pathlib import Path
from types import SimpleNamespace
from typing import Any

from scripts.cli.failures import NOT_COPIED, Failure
from scripts.cli.output import plain_lines
from scripts.photo_job.photo_folder import not_uploaded
from scripts.photo_job.progress import JobProgress
from scripts.start.__main__ import final_report, local_failures_note


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
    (note,) = local_failures_note(progress)
    assert "what failed on this machine: 1 not-uploaded, 1,800 not-copied.)" in note


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
