"""The growth of Lambda's concurrency for an SQS queue."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.capacity.plan import FIRST_BATCHES, MOST_BATCHES, Ramp

limits = st.floats(min_value=0.1, max_value=2000)
amounts = st.floats(min_value=0, max_value=1e9)


@given(limits, amounts)
def test_the_time_for_some_work_is_the_time_in_which_that_work_is_done(limit: float, batch_seconds: float) -> None:
    ramp = Ramp(limit)
    assert ramp.batch_seconds_in(ramp.seconds_for(batch_seconds)) == pytest.approx(batch_seconds, rel=1e-6, abs=1e-6)


@given(limits, amounts, amounts)
def test_more_work_never_takes_less_time(limit: float, some: float, more: float) -> None:
    ramp = Ramp(limit)
    assert ramp.seconds_for(some) <= ramp.seconds_for(some + more)


@given(limits, limits, amounts)
def test_a_higher_limit_never_takes_longer(limit: float, extra: float, batch_seconds: float) -> None:
    slower, faster = Ramp(limit), Ramp(limit + extra)
    assert faster.seconds_for(batch_seconds) <= slower.seconds_for(batch_seconds) * (1 + 1e-9) + 1e-9


@given(limits, st.floats(min_value=0, max_value=1e6))
def test_concurrency_stays_between_its_start_and_its_limit(limit: float, seconds: float) -> None:
    ramp = Ramp(limit)
    assert ramp.first <= ramp.concurrency_at(seconds) <= min(limit, MOST_BATCHES)


def test_a_thousand_batches_at_once_are_reached_after_a_bit_more_than_three_minutes() -> None:
    assert Ramp(1000).growing_seconds == pytest.approx(199)


def test_five_batches_start_at_once_and_no_more_than_the_limit() -> None:
    assert Ramp(50).first == FIRST_BATCHES
    assert Ramp(2).first == 2
