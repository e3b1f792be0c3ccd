"""Slow, late or frozen photos cost no other photo, and each message is settled once."""

import threading
import time

import pytest

from handlers.time_budget import TimeBudget
from tests.support.fake_aws import FakeCloud

RESERVED_SECONDS = TimeBudget().reserved_seconds
# The photos' time; a photo alone is admitted in 1 s.
SHORT_SECONDS = RESERVED_SECONDS + 1.25
PUT, SEND = "PutObject", "SendMessage"


def ten_good_photos(cloud: FakeCloud) -> None:
    cloud.s3.before = lambda *_: time.sleep(0.02)  # so that they are in process together
    for number in range(10):
        cloud.upload(f"{number}.jpg", b"photo")


@pytest.mark.parametrize(
    ("seconds_left", "render_seconds", "transfer_seconds"), [(60, 0.2, 40), (120, 0.2, 80), (120, 40, 1)]
)
def test_a_slow_photo_in_the_past_costs_no_photo_now(
    seconds_left: float, render_seconds: float, transfer_seconds: float
) -> None:
    cloud = FakeCloud()
    for _ in range(19):
        cloud.estimate.record(render_seconds=0.2, transfer_seconds=0.1)
    cloud.estimate.record(render_seconds=render_seconds, transfer_seconds=transfer_seconds)
    ten_good_photos(cloud)
    cloud.work_until_the_queue_is_empty(seconds_left=seconds_left)
    assert len(cloud.account().processed) == 10


def test_a_container_that_was_frozen_in_the_middle_of_a_put_does_not_expect_hours_of_the_next_photos(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud, thawed = FakeCloud(), threading.Event()
    cloud.upload("first.jpg", b"first")
    cloud.s3.before = lambda operation, key: thawed.wait(20) if operation == PUT and "document" in key else None
    assert cloud.invoke(seconds_left=SHORT_SECONDS)  # released; the PUT is under way when Lambda freezes the container
    real = time.monotonic
    monkeypatch.setattr("time.monotonic", lambda: real() + 3600)
    thawed.set()
    time.sleep(0.3)
    assert cloud.estimate.photo_seconds < 60
    ten_good_photos(cloud)
    cloud.work_until_the_queue_is_empty()
    assert len(cloud.account().processed) == 11


def test_no_photo_is_dead_lettered_twice_when_the_dlq_is_slow_at_the_deadline() -> None:
    cloud = FakeCloud()
    cloud.upload("bad.jpg", b"")
    cloud.sqs.before = lambda operation, _: time.sleep(1.8) if operation == SEND else None
    cloud.work_until_the_queue_is_empty(seconds_left=SHORT_SECONDS)
    assert len(cloud.sqs.dead_letters) == 1


def test_a_photo_whose_last_request_lands_just_after_the_deadline_is_done() -> None:
    cloud = FakeCloud()
    cloud.upload("a.jpg", b"a")
    cloud.sqs.waiting[0].receive_count = 4
    cloud.estimate.record(render_seconds=0.1, transfer_seconds=0.1)
    cloud.s3.before = lambda operation, key: time.sleep(1.6) if operation == PUT and "document" in key else None
    assert cloud.invoke(seconds_left=RESERVED_SECONDS + 1.5) == []
    assert not cloud.sqs.dead_letters


def test_outputs_of_a_source_that_was_deleted_meanwhile_do_not_appear_when_a_late_thread_goes_on() -> None:
    cloud, thawed = FakeCloud(), threading.Event()
    cloud.upload("first.jpg", b"first")
    cloud.s3.before = lambda operation, key: thawed.wait(20) if operation == PUT and "large" in key else None
    assert cloud.invoke(seconds_left=SHORT_SECONDS)
    cloud.s3.before = lambda *_: None
    del cloud.s3.objects["photos", "first.jpg"]
    cloud.work_until_the_queue_is_empty()  # gone
    thawed.set()
    time.sleep(0.3)
    assert "first.jpg/document.pdf" not in cloud.s3.keys("renditions")
