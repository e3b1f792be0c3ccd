import csv
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult, SourceObject
from scripts.cli.failures import NO_OUTCOME, NOT_COPIED, Failure
from scripts.cli.output import plain_lines
from scripts.photo_job.advice import laptop_advice
from scripts.photo_job.photo_folder import not_uploaded
from scripts.photo_job.progress import JobProgress
from scripts.start.closing import (
    last_lines,
    local_failures_note,
    work_report,
    write_failures,
    write_sheet,
)

OUT = Path("out")
BOTH = ("index.html", "failures.csv")


def job_with(
    processed: int = 0, failed: int = 0, code: FailureCode = FailureCode.UNSUPPORTED_FORMAT, detail: str = ""
) -> JobProgress:
    progress = JobProgress(advise=laptop_advice)
    outcomes = [Outcome.PROCESSED] * processed + [Outcome.DEAD_LETTERED] * failed
    for number, outcome in enumerate(outcomes):
        key = f"{number:02}.jpg"
        progress.expect(key)
        progress.follow(key, "e1")
        is_failed = outcome is Outcome.DEAD_LETTERED
        progress.add_result(
            RecordResult(
                message_id="m",
                source=SourceObject(bucket="photos", key=key, etag="e1"),
                outcome=outcome,
                code=code if is_failed else None,
                detail=detail if is_failed else "",
            )
        )
    return progress


def without_outcome(key: str = "a.jpg") -> JobProgress:
    progress = JobProgress()
    progress.follow(key, "e1")
    progress.settle(key, NO_OUTCOME, Failure(key, NO_OUTCOME, "look"))
    return progress


def work(progress: JobProgress, expected: int) -> list[str]:
    stack = SimpleNamespace(outputs=SimpleNamespace(input_bucket="in"), log=Path("stack.log"))
    job: Any = SimpleNamespace(progress=progress, stack=stack)
    return plain_lines(work_report(job, expected))


def test_a_job_without_failures_ends_with_one_sentence() -> None:
    assert last_lines(job_with(processed=7), OUT, 7, BOTH) == ["7 of 7 photos are in out/ (open out/index.html)."]


def test_failures_of_one_code_are_explained_once_and_each_file_is_named_as_what_it_is() -> None:
    progress = job_with(processed=1, failed=2, detail="a video (MP4)")
    assert last_lines(progress, OUT, 3, BOTH) == [
        "1 of 3 photos is in out/ (open out/index.html). 2 failed:",
        "",
        "unsupported-format (2): The file is not an image in a format that Darkroom reads.",
        "  What to do: Save it as a JPEG or PNG, or leave it out with --skip.",
        "  - 01.jpg: a video (MP4)",
        "  - 02.jpg: a video (MP4)",
        "",
        "Your originals are untouched. Fix what failed, then repeat the command: it skips what is done.",
    ]


def test_of_more_than_twenty_failures_three_are_named_and_a_file_has_them_all() -> None:
    lines = last_lines(job_with(failed=21), OUT, 21, BOTH)
    assert [line for line in lines if line.startswith("  -")] == ["  - 00.jpg", "  - 01.jpg", "  - 02.jpg"]
    assert "  and 18 more" in lines
    assert "All of them are in out/failures.csv and on the page." in lines


def test_twenty_failures_are_all_named() -> None:
    lines = last_lines(job_with(failed=20), OUT, 20, ("index.html",))
    assert sum(line.startswith("  - ") for line in lines) == 20


def test_an_interrupted_job_says_so_how_far_it_came_and_how_to_go_on() -> None:
    lines = last_lines(job_with(processed=5), OUT, 12, BOTH, is_interrupted=True)
    assert lines == [
        "Interrupted: 5 of 12 photos are in out/ (open out/index.html). 7 not done.",
        "Your originals are untouched. To go on, repeat the command: it skips what is done.",
    ]


def test_photos_that_were_done_before_are_in_the_folder() -> None:
    progress = job_with(processed=1)
    progress.note_done_before()
    assert last_lines(progress, OUT, 2, ()) == ["2 of 2 photos are in out/."]
    assert "1 done before and unchanged: skipped." in work(progress, 2)


def test_a_page_that_was_not_written_is_not_named() -> None:
    assert last_lines(job_with(processed=1), OUT, 1, ()) == ["1 of 1 photo is in out/."]


def test_files_that_the_service_ignored_are_neither_in_the_folder_nor_failed() -> None:
    progress = job_with(processed=1)
    progress.follow(".DS_Store", "e1")
    progress.settle(".DS_Store", Outcome.IGNORED.value)
    assert last_lines(progress, OUT, 2, ()) == ["1 of 2 photos is in out/. 1 ignored, no photos."]


def test_no_advice_on_a_laptop_speaks_of_uploads_or_of_what_is_not_there() -> None:
    advice = " ".join(map(laptop_advice, FailureCode)).lower()
    assert [word for word in ("redrive", "upload", "deploy", "stage") if word in advice] == []


def test_a_limit_is_raised_in_the_settings_of_the_laptop() -> None:
    assert "maxPixels: PIXELS in settings/local.yml" in laptop_advice(FailureCode.TOO_MANY_PIXELS)


def test_the_rate_of_the_report_is_that_of_the_bar() -> None:
    progress = job_with(processed=5)
    assert work(progress, 5)[-1].endswith(f"; {progress.photo_rate}.")


def test_photos_without_an_outcome_lead_to_the_log_of_the_local_aws() -> None:
    assert work(without_outcome(), 1)[-1] == "The log of the local AWS is stack.log"


def test_a_failure_whose_cause_is_not_the_photo_leads_to_the_log_of_the_local_aws() -> None:
    assert work(job_with(failed=1, code=FailureCode.INTERNAL_ERROR), 1)[-1].endswith("stack.log")
    assert not work(job_with(failed=1), 1)[-1].endswith("stack.log")


def test_failures_that_the_digest_cannot_contain_are_named_with_their_numbers() -> None:
    progress = without_outcome()
    progress.note_not_uploaded(not_uploaded("b.jpg", "why"))
    progress.local_failures[NOT_COPIED] = 1_800
    note, _ = local_failures_note(progress)
    assert "what failed on this machine: 1 no-outcome, 1 not-uploaded, 1,800 not-copied.)" in note


def test_more_failures_than_the_terminal_names_go_to_a_csv_file(tmp_path: Path) -> None:
    failures = [Failure(f'{n},"\n.jpg', "too-slow", "advice", "why") for n in range(21)]
    assert write_failures(failures, tmp_path) == ""
    rows = list(csv.reader(io.StringIO((tmp_path / "failures.csv").read_text("utf-8-sig"))))
    assert rows[0] == ["name", "code", "reason", "what to do"]
    assert sorted(rows[1:]) == sorted([f'{n},"\n.jpg', "too-slow", "why", "advice"] for n in range(21))


def test_the_csv_file_of_an_earlier_run_does_not_stay(tmp_path: Path) -> None:
    write_failures([Failure("a.jpg", "too-slow", "advice")] * 21, tmp_path)
    write_failures([Failure("a.jpg", "too-slow", "advice")], tmp_path)
    assert not (tmp_path / "failures.csv").exists()


def test_a_file_of_the_user_under_that_name_stays(tmp_path: Path) -> None:
    (tmp_path / "failures.csv").write_text("my own")
    write_failures([], tmp_path)
    assert (tmp_path / "failures.csv").read_text() == "my own"


def test_a_contact_sheet_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "index.html").mkdir()  # a photo of this name
    job: Any = SimpleNamespace(out=tmp_path, progress=without_outcome(), results=[])
    assert write_sheet(job, "holiday").endswith("index.html could not be written: Is a directory.")
