"""Faults around the function: every photo is processed, in the queue, or in the DLQ with its reason."""

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import Any

import pytest

from handlers.byte_budget import ByteBudget
from handlers.photo_files import PhotoFiles, open_photo_files
from processing.settings import RenderSettings
from tests.support.fake_aws import FakeCloud, shuffled_and_doubled
from tests.support.fake_s3 import client_error
from tests.support.unreliable_aws import BODY_FAULTS, S3_FAULTS, SNS_FAULTS, SQS_FAULTS, Fault

PHOTOS = 12


@pytest.fixture
def cloud() -> FakeCloud:
    cloud = FakeCloud()
    for number in range(PHOTOS):
        cloud.upload(f"photo {number}.jpg", f"photo {number}".encode())
    return cloud


class Failing:
    """A hook that fails one operation a number of times."""

    def __init__(self, operation: str, fault: Fault, times: int) -> None:
        self.operation = operation
        self.fault = fault
        self.times = times
        self.failed = 0

    def __call__(self, operation: str, _: str = "") -> None:
        if operation == self.operation and self.failed < self.times:
            self.failed += 1
            raise self.fault(operation)


def assert_all_processed(cloud: FakeCloud) -> None:
    account = cloud.account()
    assert len(account.processed) == PHOTOS
    assert not cloud.sqs.waiting
    assert not cloud.sqs.dead_letters
    cloud.assert_every_output_is_right()


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("operation", ["HeadObject", "GetObject", "PutObject"])
@pytest.mark.parametrize("fault", S3_FAULTS)
def test_when_s3_fails_and_recovers_every_photo_is_processed(
    cloud: FakeCloud, fault: str, operation: str, moment: str
) -> None:
    failing = Failing(operation, S3_FAULTS[fault], times=7)
    setattr(cloud.s3, moment, failing)
    cloud.work_until_the_queue_is_empty()
    assert failing.failed == 7
    assert_all_processed(cloud)


def test_a_put_that_conflicts_with_a_concurrent_one_is_sent_again_in_the_same_attempt(cloud: FakeCloud) -> None:
    failing = Failing("PutObject", partial(client_error, 409, "ConditionalRequestConflict"), times=3)
    cloud.s3.before = failing
    assert cloud.work_until_the_queue_is_empty() == 2
    assert failing.failed == 3
    assert_all_processed(cloud)


def test_an_archived_source_is_dead_with_its_reason_at_once(cloud: FakeCloud) -> None:
    def archived(operation: str, key: str) -> None:
        if operation == "GetObject" and key == "photo 3.jpg":
            raise client_error(403, "InvalidObjectState", operation)

    cloud.s3.before = archived
    cloud.work_until_the_queue_is_empty()
    account = cloud.account()
    assert account.reasons == {"source-archived": 1}
    assert len(account.processed) == PHOTOS - 1


@pytest.mark.parametrize("fault", BODY_FAULTS)
def test_when_bodies_break_off_half_way_every_photo_is_processed_from_a_whole_one(cloud: FakeCloud, fault: str) -> None:
    breaks = iter([BODY_FAULTS[fault]("")] * 7)
    cloud.s3.break_off = lambda: next(breaks, None)
    cloud.work_until_the_queue_is_empty()
    assert next(breaks, None) is None
    assert_all_processed(cloud)


@pytest.mark.parametrize(
    ("fault", "code"),
    [("SlowDown", "throttled"), ("500", "storage-unavailable"), ("dropped connection", "storage-unavailable")],
)
def test_when_s3_never_recovers_every_photo_is_dead_with_its_reason(cloud: FakeCloud, fault: str, code: str) -> None:
    cloud.s3.before = Failing("PutObject", S3_FAULTS[fault], times=10**9)
    cloud.work_until_the_queue_is_empty()
    assert cloud.account().reasons == {code: PHOTOS}


@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
def test_when_a_bucket_is_missing_every_photo_is_dead_with_that_reason(cloud: FakeCloud, operation: str) -> None:
    cloud.s3.before = Failing(operation, partial(client_error, 404, "NoSuchBucket"), times=10**9)
    cloud.work_until_the_queue_is_empty()
    assert cloud.account().reasons == {"bucket-missing": PHOTOS}


def test_when_s3_fails_halfway_through_the_outputs_no_marker_stands_over_a_part(cloud: FakeCloud) -> None:
    def fail_small(operation: str, key: str) -> None:
        if operation == "PutObject" and key.endswith("small.jpg"):
            raise S3_FAULTS["503"](operation)

    cloud.s3.before = fail_small
    cloud.work_until_the_queue_is_empty()
    outputs = cloud.s3.keys("renditions")
    assert not [key for key in outputs if key.endswith("document.pdf")]
    assert len(outputs) == 2 * PHOTOS
    assert cloud.account().reasons == {"storage-unavailable": PHOTOS}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("fault", SQS_FAULTS)
def test_when_the_dlq_refuses_at_first_bad_photos_get_there_in_the_end_with_their_reason(
    cloud: FakeCloud, fault: str, moment: str
) -> None:
    cloud.upload("bad.jpg", b"")
    setattr(cloud.sqs, moment, Failing("SendMessage", SQS_FAULTS[fault], times=3))
    cloud.work_until_the_queue_is_empty()
    account = cloud.account()
    assert account.reasons == {"empty-object": 1}
    assert len(account.processed) == PHOTOS


def test_when_the_dlq_never_takes_a_dead_letter_sqs_itself_moves_the_photo_there(cloud: FakeCloud) -> None:
    cloud.upload("bad.jpg", b"")
    cloud.sqs.before = Failing("SendMessage", SQS_FAULTS["500"], times=10**9)
    cloud.work_until_the_queue_is_empty()
    account = cloud.account()
    assert account.reasons == {"": 1}
    assert len(account.processed) == PHOTOS


@pytest.mark.parametrize("operation", ["ChangeMessageVisibility", "DeleteMessage"])
@pytest.mark.parametrize("fault", SQS_FAULTS)
def test_when_messages_can_be_neither_hidden_nor_deleted_early_every_photo_is_processed(
    cloud: FakeCloud, fault: str, operation: str
) -> None:
    cloud.s3.before = Failing("GetObject", S3_FAULTS["SlowDown"], times=20)  # so that messages are hidden
    failing = Failing(operation, SQS_FAULTS[fault], times=10**9)
    cloud.sqs.before = failing
    cloud.work_until_the_queue_is_empty()
    assert failing.failed
    assert_all_processed(cloud)


@pytest.mark.parametrize("fault", SNS_FAULTS)
def test_when_no_digest_can_be_sent_every_photo_is_processed_all_the_same(cloud: FakeCloud, fault: str) -> None:
    cloud.sns.before = Failing("Publish", SNS_FAULTS[fault], times=10**9)
    batches = cloud.work_until_the_queue_is_empty()
    assert batches == 2
    assert_all_processed(cloud)


def test_when_every_answer_of_the_function_is_lost_but_the_last_every_photo_is_processed(cloud: FakeCloud) -> None:
    answers = iter([False] * 8)
    cloud.work_until_the_queue_is_empty(is_heard=lambda: next(answers, True))
    assert_all_processed(cloud)


@pytest.mark.parametrize("seed", range(5))
def test_messages_may_come_twice_and_in_any_order(cloud: FakeCloud, seed: int) -> None:
    for number in range(0, PHOTOS, 2):
        cloud.upload(f"photo {number}.jpg", b"edited")
    for number in range(0, PHOTOS, 4):
        cloud.upload(f"photo {number}.jpg", f"photo {number}".encode())  # and put back
    cloud.sqs.waiting[:] = shuffled_and_doubled(cloud.sqs.waiting, seed)
    cloud.work_until_the_queue_is_empty()
    account = cloud.account()
    assert len(account.processed) == len(cloud.uploaded)
    assert not cloud.sqs.dead_letters
    cloud.assert_every_output_is_right()


def test_a_source_that_is_deleted_in_between_leaves_no_failure(cloud: FakeCloud) -> None:
    del cloud.s3.objects[("photos", "photo 0.jpg")]
    cloud.work_until_the_queue_is_empty()
    assert len(cloud.account().processed) == PHOTOS - 1
    assert not cloud.sqs.dead_letters


@pytest.fixture
def wall_clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    real = time.time

    def jump(seconds: float) -> None:
        monkeypatch.setattr("time.time", lambda: real() + seconds)

    return jump


@pytest.mark.parametrize("seconds", [-86_400, 86_400])
def test_when_the_wall_clock_jumps_nothing_is_late_and_nothing_lost(
    cloud: FakeCloud, wall_clock: Any, seconds: float
) -> None:
    calls = iter(range(10**9))

    def jump(*_: str) -> None:
        if next(calls) == 20:
            wall_clock(seconds)

    cloud.s3.before = jump
    assert cloud.work_until_the_queue_is_empty() == 2
    assert_all_processed(cloud)


def test_when_the_monotonic_clock_leaps_ahead_what_is_left_is_deferred_and_done_next_time(
    cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = time.monotonic, iter(range(10**9))

    def leap(*_: str) -> None:
        if next(calls) == 25:  # as after a long freeze of the container
            monkeypatch.setattr("time.monotonic", lambda: real() + 3600)

    cloud.s3.before = leap
    assert cloud.invoke()
    cloud.work_until_the_queue_is_empty()
    assert_all_processed(cloud)


class FullFile(BytesIO):
    """A file on a full disk."""

    def write(self, _: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def fill_disk(monkeypatch: pytest.MonkeyPatch, *, photos: int) -> None:
    """Let the disk be full for the first photos."""
    calls = iter(range(10**9))

    @contextmanager
    def open_files(settings: RenderSettings) -> Iterator[PhotoFiles]:
        with open_photo_files(settings) as photo:
            yield replace(photo, source=FullFile()) if next(calls) < photos else photo

    monkeypatch.setattr("handlers.process_source.open_photo_files", open_files)


def test_when_the_temporary_disk_is_full_photos_come_again_and_are_processed(
    cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(monkeypatch, photos=7)
    assert len(cloud.invoke()) == 7
    cloud.work_until_the_queue_is_empty()
    assert_all_processed(cloud)


def test_when_the_temporary_disk_stays_full_photos_are_dead_with_that_reason(
    cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(monkeypatch, photos=10**9)
    cloud.work_until_the_queue_is_empty()
    assert cloud.account().reasons == {"disk-full": PHOTOS}


def test_photos_that_do_not_fit_onto_the_disk_together_take_turns(cloud: FakeCloud) -> None:
    processor = replace(cloud.services.processor, disk=ByteBudget(10, "disk space"))  # a photo has eight or nine bytes
    cloud.services = replace(cloud.services, processor=processor)
    on_disk: set[str] = set()
    together: list[int] = []

    def arrive(operation: str, key: str) -> None:
        if operation == "GetObject":
            on_disk.add(key)
            together.append(len(on_disk))

    def leave(operation: str, key: str) -> None:
        if operation == "PutObject" and key.endswith("document.pdf"):
            on_disk.remove(key.rpartition("/")[0])

    cloud.s3.before, cloud.s3.after = arrive, leave
    cloud.work_until_the_queue_is_empty()
    assert max(together) == 1
    assert_all_processed(cloud)
