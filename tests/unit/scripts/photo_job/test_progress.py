import pytest

from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult, SourceObject
from scripts.cli.failures import NO_OUTCOME, NOT_COPIED, Failure
from scripts.photo_job import progress as module
from scripts.photo_job.photo_folder import not_uploaded
from scripts.photo_job.progress import JobProgress


def result(
    key: str, etag: str = "e1", outcome: Outcome = Outcome.PROCESSED, code: FailureCode | None = None
) -> RecordResult:
    source = SourceObject(bucket="photos", key=key, etag=etag)
    return RecordResult(message_id="m", source=source, outcome=outcome, code=code, bytes_out=7)


@pytest.fixture
def progress() -> JobProgress:
    """Make a job that waits for a.jpg."""
    progress = JobProgress()
    progress.expect("a.jpg")
    progress.follow("a.jpg", "e1")
    return progress


def test_a_photo_waits_until_its_outcome_arrives(progress: JobProgress) -> None:
    assert progress.pending() == [("a.jpg", "e1")]
    progress.add_result(result("a.jpg"))
    assert (progress.waiting, progress.outcomes, progress.bytes_out) == (0, {"processed": 1}, 7)


def test_an_outcome_may_arrive_before_the_upload_has_returned() -> None:
    progress = JobProgress()
    progress.expect("a.jpg")
    progress.add_result(result("a.jpg", "older"))
    progress.add_result(result("a.jpg", "e1"))
    assert progress.waiting == 1
    progress.follow("a.jpg", "e1")
    assert (progress.waiting, progress.outcomes) == (0, {"processed": 1})


def test_the_outcome_of_an_older_version_settles_nothing() -> None:
    progress = JobProgress()
    progress.expect("a.jpg")
    progress.add_result(result("a.jpg", "older"))
    progress.follow("a.jpg", "e1")
    progress.add_result(result("a.jpg", "older", Outcome.SUPERSEDED))
    assert progress.waiting == 1


@pytest.mark.parametrize("outcome", [Outcome.RETRYING, Outcome.DEFERRED])
def test_an_outcome_that_is_not_final_does_not_settle_a_photo(progress: JobProgress, outcome: Outcome) -> None:
    progress.add_result(result("a.jpg", outcome=outcome, code=FailureCode.THROTTLED))
    assert (progress.waiting, progress.settled, progress.outcomes) == (1, 0, {})


def test_photos_of_other_jobs_do_not_count(progress: JobProgress) -> None:
    progress.add_result(result("other.jpg"))
    progress.add_result(RecordResult(message_id="m", source=None, outcome=Outcome.DEAD_LETTERED))
    assert (progress.waiting, progress.outcomes) == (1, {})


def test_only_the_first_final_outcome_counts(progress: JobProgress) -> None:
    progress.add_result(result("a.jpg"))
    progress.add_result(result("a.jpg", outcome=Outcome.DUPLICATE))
    progress.settle("a.jpg", NO_OUTCOME)
    assert (progress.outcomes, progress.bytes_out) == ({"processed": 1}, 7)


def test_a_dead_lettered_photo_is_a_failure_with_its_code_and_what_to_do(progress: JobProgress) -> None:
    progress.add_result(result("a.jpg", outcome=Outcome.DEAD_LETTERED, code=FailureCode.EMPTY_OBJECT))
    assert progress.failures == [Failure("a.jpg", "empty-object", FailureCode.EMPTY_OBJECT.what_to_do)]


def test_a_failed_upload_does_not_wait(progress: JobProgress) -> None:
    progress.note_not_uploaded(not_uploaded("a.jpg", "Permission denied"))
    assert (progress.waiting, progress.settled, progress.failed) == (0, 1, 1)


def test_a_photo_without_an_outcome_fails_once(progress: JobProgress) -> None:
    for advice in ("look", "look again"):
        progress.settle("a.jpg", NO_OUTCOME, Failure("a.jpg", NO_OUTCOME, advice))
    assert (progress.outcomes, progress.settled) == ({"no-outcome": 1}, 1)


def test_a_photo_whose_outputs_were_not_copied_counts_as_not_copied_and_not_as_processed(progress: JobProgress) -> None:
    done = result("a.jpg")
    progress.add_result(done)
    progress.note_not_copied(done, Failure("a.jpg", NOT_COPIED, "Free space."))
    assert progress.outcomes == {"not-copied": 1}
    assert list(progress.outcomes) == ["not-copied"]  # no row that says: processed 0
    assert progress.bytes_out == 0


def test_failures_on_this_machine_are_counted_apart_from_those_of_the_service(progress: JobProgress) -> None:
    progress.add_result(result("a.jpg", outcome=Outcome.DEAD_LETTERED, code=FailureCode.EMPTY_OBJECT))
    progress.follow("b.jpg", "e1")
    progress.settle("b.jpg", NO_OUTCOME, Failure("b.jpg", NO_OUTCOME, "look"))
    progress.note_not_uploaded(not_uploaded("c.jpg", "Permission denied"))
    assert progress.local_failures == {"not-uploaded": 1, "no-outcome": 1}


def test_each_photo_is_reported_as_settled_once_with_its_result_if_there_is_one() -> None:
    settled: list[tuple[str, RecordResult | None]] = []
    progress = JobProgress(on_settled=lambda key, result: settled.append((key, result)))
    for key in ("a.jpg", "b.jpg", "c.jpg"):
        progress.expect(key)
        progress.follow(key, "e1")
    progress.add_result(result("a.jpg"))
    progress.settle("b.jpg", NO_OUTCOME)
    progress.note_not_uploaded(not_uploaded("c.jpg", "why"))
    assert settled == [("a.jpg", result("a.jpg")), ("b.jpg", None), ("c.jpg", None)]


def test_a_job_in_which_everything_fails_stays_small() -> None:
    progress = JobProgress()
    for number in range(module.MAX_FAILURES_KEPT + 5):
        progress.note_not_uploaded(not_uploaded(str(number), "why"))
    assert (len(progress.failures), progress.failed) == (module.MAX_FAILURES_KEPT, module.MAX_FAILURES_KEPT + 5)
