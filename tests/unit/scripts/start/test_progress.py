import pytest

from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult, SourceObject
from scripts.start.progress import NO_OUTCOME, NOT_COPIED, Failure, Tally


def result(outcome: Outcome, key: str = "a.jpg", code: FailureCode | None = None) -> RecordResult:
    source = SourceObject(bucket="b", key=key, etag="e")
    return RecordResult(message_id="m", source=source, outcome=outcome, code=code, bytes_out=7)


@pytest.fixture
def tally() -> Tally:
    tally = Tally(expected=2)
    tally.note_started("a.jpg")
    return tally


@pytest.mark.parametrize("outcome", [Outcome.RETRYING, Outcome.DEFERRED])
def test_an_outcome_that_is_not_final_is_waited_out(tally: Tally, outcome: Outcome) -> None:
    assert not tally.note_result(result(outcome))
    assert tally.settled == 0


def test_only_the_first_final_outcome_counts(tally: Tally) -> None:
    assert tally.note_result(result(Outcome.PROCESSED))
    assert not tally.note_result(result(Outcome.GONE))
    assert tally.outcomes == {"processed": 1}
    assert tally.bytes_out == 7


def test_a_photo_of_somebody_else_does_not_count(tally: Tally) -> None:
    assert not tally.note_result(result(Outcome.PROCESSED, key="other.jpg"))


def test_a_dead_letter_is_a_failure_with_its_code_and_what_to_do(tally: Tally) -> None:
    tally.note_result(result(Outcome.DEAD_LETTERED, code=FailureCode.EMPTY_OBJECT))
    assert tally.failures == [Failure(key="a.jpg", code="empty-object", what_to_do=FailureCode.EMPTY_OBJECT.what_to_do)]


def test_the_job_is_over_when_every_photo_has_an_outcome_or_a_failure_of_its_own(tally: Tally) -> None:
    tally.note_result(result(Outcome.PROCESSED))
    half_way = tally.is_complete
    tally.note_started("b.jpg")
    tally.note_failure(Failure(key="b.jpg", code=NO_OUTCOME, what_to_do="look"))
    assert (half_way, tally.is_complete) == (False, True)
    assert not tally.waiting


def test_a_photo_that_was_given_up_does_not_fail_twice(tally: Tally) -> None:
    for code in ("no-outcome", "not-uploaded"):
        tally.note_failure(Failure(key="a.jpg", code=code, what_to_do="look"))
    assert tally.outcomes == {"no-outcome": 1}
    assert not tally.is_complete


def test_a_photo_that_did_not_come_home_counts_as_not_copied_and_not_as_processed(tally: Tally) -> None:
    done = result(Outcome.PROCESSED)
    tally.note_result(done)
    tally.note_not_copied(done, Failure(key="a.jpg", code=NOT_COPIED, what_to_do="Free space."))
    assert tally.outcomes == {"not-copied": 1}
    assert list(tally.outcomes) == ["not-copied"]  # no row that says: processed 0
    assert tally.bytes_out == 0


def test_what_failed_on_the_laptop_is_told_apart_from_what_the_service_knows(tally: Tally) -> None:
    tally.note_result(result(Outcome.DEAD_LETTERED, code=FailureCode.EMPTY_OBJECT))
    tally.note_failure(Failure(key="b.jpg", code=NO_OUTCOME, what_to_do="look"))
    assert tally.failed_on_the_laptop == {"no-outcome": 1}
