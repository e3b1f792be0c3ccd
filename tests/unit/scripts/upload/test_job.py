from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult, SourceObject
from scripts.cli.failures import Failure
from scripts.start.progress import NO_OUTCOME
from scripts.upload import job as job_module
from scripts.upload.job import Job


def result(
    key: str, etag: str = "e1", outcome: Outcome = Outcome.PROCESSED, code: FailureCode | None = None
) -> RecordResult:
    source = SourceObject(bucket="photos", key=key, etag=etag)
    return RecordResult(message_id="m", source=source, outcome=outcome, code=code)


def test_a_photo_waits_until_its_outcome_is_heard() -> None:
    job = Job()
    job.follow("a.jpg", "e1")
    assert job.pending() == [("a.jpg", "e1")]
    job.hear(result("a.jpg"))
    assert (job.waiting, job.outcomes) == (0, {"processed": 1})


def test_an_outcome_may_be_heard_before_the_upload_has_returned() -> None:
    job = Job()
    job.expect("a.jpg")
    job.hear(result("a.jpg", "older"))
    job.hear(result("a.jpg", "e1"))
    assert job.waiting == 1
    job.follow("a.jpg", "e1")
    assert (job.waiting, job.outcomes) == (0, {"processed": 1})


def test_the_outcome_of_an_older_version_settles_nothing() -> None:
    job = Job()
    job.expect("a.jpg")
    job.hear(result("a.jpg", "older"))
    job.follow("a.jpg", "e1")
    job.hear(result("a.jpg", "older", Outcome.SUPERSEDED))
    assert job.waiting == 1


def test_what_comes_again_is_not_settled_and_other_peoples_photos_do_not_count() -> None:
    job = Job()
    job.follow("a.jpg", "e1")
    job.hear(result("a.jpg", outcome=Outcome.RETRYING, code=FailureCode.THROTTLED))
    job.hear(result("someone-elses.jpg"))
    job.hear(RecordResult(message_id="m", source=None, outcome=Outcome.DEAD_LETTERED))
    assert (job.waiting, job.outcomes) == (1, {})


def test_an_outcome_that_is_heard_twice_counts_once() -> None:
    job = Job()
    job.follow("a.jpg", "e1")
    job.hear(result("a.jpg"))
    job.hear(result("a.jpg", outcome=Outcome.DUPLICATE))
    job.settle("a.jpg", NO_OUTCOME)
    assert job.outcomes == {"processed": 1}


def test_a_dead_lettered_photo_is_a_failure_with_its_code_and_what_to_do() -> None:
    job = Job()
    job.follow("a.jpg", "e1")
    job.hear(result("a.jpg", outcome=Outcome.DEAD_LETTERED, code=FailureCode.EMPTY_OBJECT))
    assert job.failures == [Failure("a.jpg", "empty-object", "Upload the original again.")]


def test_a_failed_upload_is_not_waited_for() -> None:
    job = Job()
    job.expect("a.jpg")
    job.fail(Failure("a.jpg", "not-uploaded", "why"))
    assert (job.waiting, job.failed) == (0, 1)


def test_a_job_in_which_everything_fails_stays_small(monkeypatch: object) -> None:
    job = Job()
    for number in range(job_module.MAX_FAILURES_KEPT + 5):
        job.fail(Failure(str(number), "not-uploaded", "why"))
    assert (len(job.failures), job.failed) == (job_module.MAX_FAILURES_KEPT, job_module.MAX_FAILURES_KEPT + 5)
