"""The pace of a stage, from CloudWatch's minutes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.status.metrics import rate

END = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def minutes(*values: float) -> list[tuple[datetime, float]]:
    """Return data points of the minutes before END, the last value for the last minute."""
    return [(END - MINUTE * (len(values) - index), value) for index, value in enumerate(values)]


def test_no_data_is_no_pace() -> None:
    assert rate([], END) == 0


def test_minutes_before_the_job_began_do_not_lower_the_pace() -> None:
    assert rate(minutes(0, 0, 600, 600, 600), END) == 10


def test_minutes_that_cloudwatch_does_not_have_yet_do_not_lower_the_pace() -> None:
    assert rate(minutes(600, 600, 600, 600, 0)[:-1], END) == 10
    assert rate(minutes(600, 600, 600, 0, 0)[:-2], END) == 10


def test_a_pause_lowers_the_pace() -> None:
    assert rate(minutes(600, 0, 0, 0, 0), END) == pytest.approx(600 / 180)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=5))
def test_the_pace_is_never_above_the_best_minute(values: list[float]) -> None:
    assert 0 <= rate(minutes(*values), END) <= max(values) / 60 * (1 + 1e-9)
