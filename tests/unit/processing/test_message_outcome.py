import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.failures import DarkroomError, FailureCode, Family
from processing.message_outcome import Disposition, decide, outcome_of
from processing.outcomes import Outcome

THROTTLED = DarkroomError(FailureCode.THROTTLED)
CORRUPT = DarkroomError(FailureCode.CORRUPT_IMAGE)
OUT_OF_TIME = DarkroomError(FailureCode.OUT_OF_TIME)


@pytest.mark.parametrize(
    ("failures", "receive_count", "expected"),
    [
        ([], 1, Disposition.ACKNOWLEDGE),
        ([CORRUPT], 1, Disposition.DEAD_LETTER),
        ([THROTTLED], 1, Disposition.BACK_OFF),
        ([THROTTLED], 5, Disposition.DEAD_LETTER),
        ([OUT_OF_TIME], 1, Disposition.RELEASE),
        ([OUT_OF_TIME], 5, Disposition.DEAD_LETTER),
        ([OUT_OF_TIME, THROTTLED], 1, Disposition.BACK_OFF),
        ([CORRUPT, THROTTLED], 1, Disposition.BACK_OFF),
        ([CORRUPT, THROTTLED], 5, Disposition.DEAD_LETTER),
    ],
)
def test_a_message_is_disposed_of_by_its_worst_curable_failure(
    failures: list[DarkroomError], receive_count: int, expected: Disposition
) -> None:
    assert decide(failures, receive_count=receive_count, max_receive_count=5) is expected


@given(st.lists(st.sampled_from(FailureCode).map(DarkroomError), min_size=1), st.integers(5, 100))
def test_on_its_last_receive_a_failed_message_is_always_given_up_with_a_reason(
    failures: list[DarkroomError], receive_count: int
) -> None:
    assert decide(failures, receive_count=receive_count, max_receive_count=5) is Disposition.DEAD_LETTER


@given(st.sampled_from(FailureCode))
def test_what_is_given_up_is_dead_lettered_if_permanent_and_exhausted_if_not(code: FailureCode) -> None:
    expected = Outcome.DEAD_LETTERED if code.family is Family.PERMANENT else Outcome.EXHAUSTED
    assert outcome_of(DarkroomError(code), Disposition.DEAD_LETTER) is expected
