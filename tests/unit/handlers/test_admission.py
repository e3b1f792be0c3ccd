"""What is begun is finished, as far as the last photos tell."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.admission import REMEMBERED, Line, Pace
from handlers.time_budget import Deadline
from processing.failures import FailureCode, RetryableError

seconds = st.floats(0.01, 60)


def practised(*, render_seconds: float, transfer_seconds: float) -> Pace:
    """A pace that has seen nothing but photos like this one."""
    pace = Pace()
    for _ in range(REMEMBERED):
        pace.note(render_seconds=render_seconds, transfer_seconds=transfer_seconds)
    return pace


def admitted(pace: Pace, *, seconds: float, workers: int = 1) -> int:
    """How many photos join the line at once, as long as none of them leaves it."""
    line, number = Line(pace, workers, Deadline.after(seconds)), 0
    with ExitStack() as photos:
        while line.has_room and number < 1000:
            photos.enter_context(line.join())
            number += 1
    return number


@given(seconds, seconds, st.floats(1, 900), st.integers(1, 6))
def test_whatever_is_admitted_is_finished_in_time_at_a_steady_pace(
    render: float, transfer: float, whole: float, workers: int
) -> None:
    pace = practised(render_seconds=render, transfer_seconds=transfer)
    photos = admitted(pace, seconds=whole, workers=workers)
    rounds = -(-photos // workers)
    assert photos <= 1 or rounds * render + transfer <= whole


@given(seconds, seconds, st.floats(20, 900))
def test_one_photo_always_has_the_better_part_of_a_batch_however_slow_the_last_ones_were(
    render: float, transfer: float, whole: float
) -> None:
    pace = practised(render_seconds=render, transfer_seconds=transfer)
    assert admitted(pace, seconds=whole) >= 1
    pace.require_render(Deadline.after(whole))


def test_one_slow_photo_among_the_last_does_not_keep_a_batch_from_being_admitted() -> None:
    pace = practised(render_seconds=0.1, transfer_seconds=0.2)
    pace.note(render_seconds=10, transfer_seconds=3)
    assert admitted(pace, seconds=100) >= 10


def test_a_first_batch_of_ten_is_admitted_before_anything_is_known() -> None:
    assert admitted(Pace(), seconds=50) >= 10


def test_who_leaves_the_line_makes_room_however_it_went() -> None:
    line = Line(practised(render_seconds=20, transfer_seconds=1), 1, Deadline.after(60))
    for _ in range(3):
        with suppress(ZeroDivisionError), line.join():
            assert not line.has_room
            raise ZeroDivisionError
        assert line.has_room


def test_who_finds_no_room_waits_for_those_ahead() -> None:
    line = Line(practised(render_seconds=20, transfer_seconds=1), 1, Deadline.after(60))
    with ThreadPoolExecutor() as threads:
        with line.join():
            behind = threads.submit(join_and_leave, line)
            with pytest.raises(TimeoutError):
                behind.result(timeout=0.3)
        behind.result(timeout=5)


def test_who_would_come_too_late_even_alone_is_refused() -> None:
    line = Line(practised(render_seconds=2, transfer_seconds=0.1), 1, Deadline.after(4))
    with ThreadPoolExecutor() as threads, line.join(), pytest.raises(RetryableError) as refused:
        threads.submit(join_and_leave, line).result(timeout=5)
    assert refused.value.code is FailureCode.OUT_OF_TIME


def join_and_leave(line: Line) -> None:
    with line.join():
        pass


def test_a_photo_whose_turn_comes_too_late_is_not_rendered() -> None:
    pace = practised(render_seconds=20, transfer_seconds=1)
    with pytest.raises(RetryableError):
        pace.require_render(Deadline(at_seconds=Deadline.after(10).at_seconds, whole_seconds=100))


def test_a_slow_photo_is_forgotten_after_some_fast_ones() -> None:
    pace = practised(render_seconds=50, transfer_seconds=1)
    for _ in range(REMEMBERED):
        pace.note(render_seconds=0.1, transfer_seconds=0.1)
    assert admitted(pace, seconds=60) >= 10
