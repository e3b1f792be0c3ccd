from scripts.cli.failures import Failure
from scripts.cli.output import plain_lines
from scripts.photo_job.photo_folder import HOW_TO_UPLOAD, not_uploaded
from scripts.photo_job.progress import JobProgress, failure_lines, job_report


def test_the_report_counts_uploads_and_outcomes() -> None:
    progress = JobProgress(uploaded=3, unchanged=2, bytes_in=12_000_000, upload_seconds=2.0)
    for key in ("a", "b"):
        progress.follow(key, "e1")
        progress.settle(key, "processed")
    assert plain_lines(job_report(progress, "the-bucket")) == [
        "Uploaded 3 files (12.0 MB) to the-bucket in 2 s (6.0 MB/s).",
        "2 unchanged: left out.",
        "",
        "outcome    photos",
        "processed       2",
    ]


def test_each_failure_is_named_with_its_reason_on_one_line() -> None:
    progress = JobProgress()
    progress.note_not_uploaded(not_uploaded("c\n.jpg", "Permission denied"))
    assert failure_lines(progress) == [
        "",
        "not-uploaded (1): The file could not be read or uploaded.",
        f"  What to do: {HOW_TO_UPLOAD}",
        "  - c\\n.jpg: Permission denied",
    ]


def test_photos_that_are_not_done_are_counted_in_the_report() -> None:
    progress = JobProgress()
    progress.follow("a.jpg", "e1")
    progress.settle("a.jpg", "no-outcome", Failure("a.jpg", "no-outcome", "look"))
    assert "not done     1,200" in plain_lines(job_report(progress, "the-bucket", not_done=1_200))
    assert not any("not done" in line for line in plain_lines(job_report(progress, "the-bucket")))
