"""Medians, and ratios that a change of the machine's speed leaves unchanged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.bench.measurements import paired_ratio, spread

times = st.floats(min_value=0.001, max_value=1000)
rounds = st.lists(st.tuples(times, times, st.floats(min_value=0.1, max_value=10)), min_size=1, max_size=20)


@given(st.lists(times, min_size=1))
def test_the_median_lies_within_the_spread(values: list[float]) -> None:
    found = spread(values)
    assert found["low"] <= found["median"] <= found["high"]
    assert (found["low"], found["high"]) == (min(values), max(values))


@given(rounds)
def test_a_round_that_is_slower_for_both_changes_no_ratio(measured: list[tuple[float, float, float]]) -> None:
    steady = paired_ratio([one for one, _, _ in measured], [other for _, other, _ in measured])
    drifting = paired_ratio([one * slow for one, _, slow in measured], [other * slow for _, other, slow in measured])
    assert drifting["median"] == pytest.approx(steady["median"])


def test_rounds_of_different_number_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="zip"):
        paired_ratio([1.0, 2.0], [1.0])
