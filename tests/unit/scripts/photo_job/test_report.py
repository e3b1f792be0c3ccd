from scripts.cli.failures import Failure
from scripts.cli.output import plain_lines
from scripts.photo_job.photo_folder import not_uploaded
from scripts.photo_job.progress import JobProgress, job_report


def test_the_report_counts_and_names_the_failures() -> None:
    progress = JobProgress(uploaded=3, unchanged=2, bytes_in=12_000_000, upload_seconds=2.0)
    for key in ("a", "b"):
        progress.follow(key, "e1")
        progress.settle(key, "processed")
    progress.note_not_uploaded(not_uploaded("c\n.jpg", "Permission denied"))
    assert plain_lines(job_report(progress, "the-bucket")) == [
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


def test_photos_that_are_not_done_are_counted_in_the_report() -> None:
    progress = JobProgress()
    progress.follow("a.jpg", "e1")
    progress.settle("a.jpg", "no-outcome", Failure("a.jpg", "no-outcome", "look"))
    assert "not done     1,200" in plain_lines(job_report(progress, "the-bucket", not_done=1_200))
    assert not any("not done" in line for line in plain_lines(job_report(progress, "the-bucket")))


def test_the_report_can_name_every_failed_photo() -> None:
    progress = JobProgress()
    for number in range(5):
        progress.note_not_uploaded(not_uploaded(f"{number}.jpg", "Permission denied"))
    assert plain_lines(job_report(progress, "b", max_examples=5))[-1].endswith("0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg")
