"""Photos that are admitted are done before the deadline, as far as recent durations tell."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.admission import MARGIN, REMEMBERED, AdmissionQueue, DurationEstimate
from handlers.time_budget import Deadline
from processing.failures import FailureCode, RetryableError

seconds = st.floats(0.01, 60)


def estimate_of(*, render_seconds: float, transfer_seconds: float) -> DurationEstimate:
    """Return an estimate from photos that all took this long."""
    estimate = DurationEstimate()
    for _ in range(REMEMBERED):
        estimate.record(render_seconds=render_seconds, transfer_seconds=transfer_seconds)
    return estimate


def admitted(estimate: DurationEstimate, *, seconds: float, workers: int = 1) -> int:
    """Return how many photos are admitted while none of them ends."""
    queue, number = AdmissionQueue(estimate, workers, Deadline.after(seconds)), 0
    with ExitStack() as photos:
        while queue.has_room and number < 1000:
            photos.enter_context(queue.admit())
            number += 1
    return number


def test_before_the_first_photo_the_time_of_its_avifs_is_expected_on_top() -> None:
    usual, avif = DurationEstimate(), DurationEstimate(avif_seconds=4.0)
    assert avif.render_seconds - usual.render_seconds == pytest.approx(4.0 * MARGIN)
    assert admitted(avif, seconds=60) < admitted(usual, seconds=60)
    avif.record(render_seconds=0.1, transfer_seconds=0.1)
    usual.record(render_seconds=0.1, transfer_seconds=0.1)
    assert avif.render_seconds == usual.render_seconds


@given(seconds, seconds, st.floats(1, 900), st.integers(1, 6))
def test_whatever_is_admitted_is_finished_in_time_at_a_steady_pace(
    render: float, transfer: float, whole: float, workers: int
) -> None:
    estimate = estimate_of(render_seconds=render, transfer_seconds=transfer)
    photos = admitted(estimate, seconds=whole, workers=workers)
    rounds = -(-photos // workers)
    assert photos <= 1 or rounds * render + transfer <= whole


@given(seconds, seconds, st.floats(20, 900))
def test_one_photo_always_has_the_better_part_of_a_batch_however_slow_the_last_ones_were(
    render: float, transfer: float, whole: float
) -> None:
    estimate = estimate_of(render_seconds=render, transfer_seconds=transfer)
    assert admitted(estimate, seconds=whole) >= 1
    estimate.require_render(Deadline.after(whole))


def test_one_slow_photo_among_the_last_does_not_keep_a_batch_from_being_admitted() -> None:
    estimate = estimate_of(render_seconds=0.1, transfer_seconds=0.2)
    estimate.record(render_seconds=10, transfer_seconds=3)
    assert admitted(estimate, seconds=100) >= 10


def test_a_first_batch_of_ten_is_admitted_before_anything_is_known() -> None:
    assert admitted(DurationEstimate(), seconds=50) >= 10


def test_a_photo_that_ends_makes_room_also_when_it_fails() -> None:
    queue = AdmissionQueue(estimate_of(render_seconds=20, transfer_seconds=1), 1, Deadline.after(60))
    for _ in range(3):
        with suppress(ZeroDivisionError), queue.admit():
            assert not queue.has_room
            raise ZeroDivisionError
        assert queue.has_room


def test_a_photo_without_room_waits_for_those_before_it() -> None:
    queue = AdmissionQueue(estimate_of(render_seconds=20, transfer_seconds=1), 1, Deadline.after(60))
    with ThreadPoolExecutor() as threads:
        with queue.admit():
            behind = threads.submit(admit_and_end, queue)
            with pytest.raises(TimeoutError):
                behind.result(timeout=0.3)
        behind.result(timeout=5)


def test_a_photo_that_would_come_too_late_even_alone_is_refused() -> None:
    queue = AdmissionQueue(estimate_of(render_seconds=2, transfer_seconds=0.1), 1, Deadline.after(4))
    with ThreadPoolExecutor() as threads, queue.admit(), pytest.raises(RetryableError) as refused:
        threads.submit(admit_and_end, queue).result(timeout=5)
    assert refused.value.code is FailureCode.OUT_OF_TIME


def admit_and_end(queue: AdmissionQueue) -> None:
    with queue.admit():
        pass


def test_a_photo_whose_turn_comes_too_late_is_not_rendered() -> None:
    estimate = estimate_of(render_seconds=20, transfer_seconds=1)
    with pytest.raises(RetryableError):
        estimate.require_render(Deadline(at_seconds=Deadline.after(10).at_seconds, whole_seconds=100))


def test_a_slow_photo_is_forgotten_after_some_fast_ones() -> None:
    estimate = estimate_of(render_seconds=50, transfer_seconds=1)
    for _ in range(REMEMBERED):
        estimate.record(render_seconds=0.1, transfer_seconds=0.1)
    assert admitted(estimate, seconds=60) >= 10
