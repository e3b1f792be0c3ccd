from pathlib import Path

from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, EXIT_STOPPED
from scripts.cli.failures import Failure
from scripts.cli.output import plain_lines
from scripts.start.progress import NO_OUTCOME
from scripts.upload.compare import Action, Why
from scripts.upload.folder import LocalFile, Unreadable
from scripts.upload.job import Job
from scripts.upload.report import Preview, job_code, job_report, preview_report


def action(key: str, why: Why, size_bytes: int = 3_600_000) -> Action:
    return Action(LocalFile(Path(key), key, size_bytes), why)


def test_a_dry_run_says_line_by_line_what_would_be_uploaded() -> None:
    preview = Preview()
    preview.add(action("2026/a.jpg", Why.NEW))
    preview.add(action("2026/b\n.jpg", Why.CHANGED, 900))
    preview.add(action("2026/c.jpg", Why.UNCHANGED))
    preview.add(Unreadable("2026/d.jpg", "Permission denied"))
    assert plain_lines(preview_report(preview, "the-bucket")) == [
        "To upload: 2 files (3.6 MB) to the-bucket, 1 of them changed.",
        "",
        "why      size       key",
        "new      3.6 MB     2026/a.jpg",
        "changed  900 bytes  2026/b\\n.jpg",
        "",
        "1 unchanged: left out.",
        "1 cannot be read:",
        "name        why",
        "2026/d.jpg  Permission denied",
    ]


def test_of_many_files_the_first_twenty_are_shown() -> None:
    preview = Preview()
    for number in range(1000):
        preview.add(action(f"{number}.jpg", Why.NEW))
    lines = plain_lines(preview_report(preview, "the-bucket"))
    assert lines[0] == "To upload: 1,000 files (3.6 GB) to the-bucket."
    assert sum(line.startswith("new") for line in lines) == 20
    assert "... and 980 more" in lines


def test_the_summary_counts_and_names_the_failures() -> None:
    job = Job(uploaded=3, unchanged=2, bytes_up=12_000_000, upload_seconds=2.0)
    for key in ("a", "b"):
        job.follow(key, "e1")
        job.settle(key, "processed")
    job.fail(Failure("c\n.jpg", "not-uploaded", "Permission denied"))
    assert plain_lines(job_report(job, "the-bucket")) == [
        "Uploaded 3 files (12.0 MB) to the-bucket in 2 s (6.0 MB/s).",
        "2 unchanged: left out.",
        "",
        "outcome    photos",
        "processed       2",
        "",
        "1 failure:",
        "code          photos  what to do         examples",
        "not-uploaded       1  Permission denied  c\\n.jpg",
    ]


def test_the_exit_code_tells_failures_from_what_never_had_an_outcome() -> None:
    assert job_code(Job(uploaded=1)) == EXIT_OK
    failed = Job()
    failed.fail(Failure("a", "not-uploaded", "why"))
    assert job_code(failed) == EXIT_SOME_FAILED
    lost = Job()
    lost.follow("a", "e1")
    lost.settle("a", NO_OUTCOME, Failure("a", NO_OUTCOME, "why"))
    assert job_code(lost) == EXIT_STOPPED
