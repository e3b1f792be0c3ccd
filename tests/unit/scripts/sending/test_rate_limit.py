from hypothesis import given
from hypothesis import strategies as st

from scripts.sending.sender import RateLimit


class Clock:
    """A clock that only `sleep` advances."""

    def __init__(self) -> None:
        self.now = 100.0

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(st.floats(0.1, 1000), st.lists(st.integers(1, 10), min_size=1, max_size=50))
def test_never_more_than_the_rate_go_after_the_first_call(per_second: float, counts: list[int]) -> None:
    clock = Clock()
    pace = RateLimit(per_second, clock.read, clock.sleep)
    for count in counts:
        pace.wait_for(count)
    passed = sum(counts[:-1])
    assert clock.now - 100.0 >= passed / per_second - 1e-6


def test_time_that_passed_unused_does_not_become_a_burst() -> None:
    clock = Clock()
    pace = RateLimit(10, clock.read, clock.sleep)
    pace.wait_for(10)
    clock.now += 3600
    pace.wait_for(10)
    before = clock.now
    pace.wait_for(10)
    assert clock.now - before == 1.0


def test_without_a_rate_nothing_waits() -> None:
    clock = Clock()
    pace = RateLimit(None, clock.read, clock.sleep)
    pace.wait_for(1_000_000)
    assert clock.now == 100.0
    assert pace.batch_size(10) == 10


def test_a_slow_rate_takes_less_at_once() -> None:
    assert [RateLimit(rate).batch_size(10) for rate in (0.5, 1, 3.5, 10, 1000)] == [1, 1, 3, 10, 10]
