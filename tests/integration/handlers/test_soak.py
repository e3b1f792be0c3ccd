"""Two thousand photos while a tenth of all calls fails at random: each is processed or in the DLQ."""

from collections import Counter

import pytest

from handlers.photo_files import PhotoFiles
from handlers.time_budget import Deadline, Stopwatch
from processing.failures import FailureCode, PermanentError, RetryableError
from processing.layout import PhotoReport
from processing.s3_events import parse_message
from tests.support.fake_aws import FakeCloud, shuffled_and_doubled
from tests.support.fake_workers import CopyingWorkers, content
from tests.support.unreliable_aws import BODY_FAULTS, S3_FAULTS, SNS_FAULTS, SQS_FAULTS, Fault, RandomFaults

PHOTOS = 2000
SHARE = 0.10
SEED = 20261123
DELETED_EVERY = 50
ANSWER_LOST: dict[str, Fault] = {"answer lost": lambda _: TimeoutError()}
WORKER_FAULTS: dict[str, Fault] = {
    "decoder-crashed": lambda _: PermanentError(FailureCode.DECODER_CRASHED, "ended by signal 11"),
    "too-slow": lambda _: PermanentError(FailureCode.TOO_SLOW, "took longer than 25 s"),
    "disk-full": lambda _: RetryableError(FailureCode.DISK_FULL, "the ephemeral storage is full"),
    "internal-error": lambda _: RetryableError(FailureCode.INTERNAL_ERROR, "no worker could be started"),
}


class FaultyWorkers(CopyingWorkers):
    """Fails as the pool does when a photo ended its worker twice, or without disk space or a worker."""

    def __init__(self, faults: RandomFaults) -> None:
        super().__init__()
        self._faults = faults

    def render(self, photo: PhotoFiles, mark: str, deadline: Deadline, stopwatch: Stopwatch) -> PhotoReport:
        fault = self._faults.draw(WORKER_FAULTS, f"Render {content(photo)!r}")
        if fault:
            raise fault
        return super().render(photo, mark, deadline, stopwatch)


@pytest.fixture(scope="module")
def faults() -> RandomFaults:
    return RandomFaults(SEED, SHARE)


@pytest.fixture(scope="module")
def cloud(faults: RandomFaults) -> FakeCloud:
    """Process two thousand photos, some bad, some overwritten, some deleted, each delivered twice."""
    cloud = FakeCloud(lambda _: FaultyWorkers(faults))
    cloud.s3.before, cloud.s3.after = faults.hook(S3_FAULTS, "before"), faults.hook(S3_FAULTS, "after")
    cloud.s3.break_off = lambda: faults.draw(BODY_FAULTS, "Body")
    cloud.sqs.before, cloud.sqs.after = faults.hook(SQS_FAULTS, "before"), faults.hook(SQS_FAULTS, "after")
    cloud.sns.before = faults.hook(SNS_FAULTS, "before")
    for number in range(PHOTOS):
        cloud.upload(f"{number:04}.jpg", b"" if number % 100 == 7 else f"photo {number}".encode())
    for number in range(0, PHOTOS, 20):
        cloud.upload(f"{number:04}.jpg", f"photo {number}, edited".encode())
    for number in range(3, PHOTOS, DELETED_EVERY):
        del cloud.s3.objects["photos", f"{number:04}.jpg"]
    cloud.sqs.waiting[:] = shuffled_and_doubled(cloud.sqs.waiting, SEED)
    cloud.work_until_the_queue_is_empty(is_heard=lambda: faults.draw(ANSWER_LOST, "Invoke") is None)
    return cloud


def test_every_photo_is_processed_or_dead_and_none_is_lost(cloud: FakeCloud) -> None:
    account = cloud.account()
    assert all(source.key not in cloud.s3.keys("photos") for source in account.lost)  # deleted: gone
    assert not account.waiting
    accounted = len(account.processed) + len(account.superseded) + len(account.dead) + len(account.lost)
    assert accounted == len(cloud.uploaded)
    assert len(account.processed) > 0.9 * PHOTOS


def test_every_photo_in_the_dlq_has_its_reason_unless_its_dead_letter_was_refused(
    cloud: FakeCloud, faults: RandomFaults
) -> None:
    dead = cloud.account().dead
    assert set(dead.values()) <= {"empty-object", "throttled", "storage-unavailable", *WORKER_FAULTS, ""}
    refused = {source for call, body in faults.drawn_calls if call == "SendMessage" for source in parse_message(body)}
    assert {source for source, code in dead.items() if not code} <= refused
    assert sum(source.size_bytes == 0 for source in dead) == PHOTOS // 100


def test_every_output_was_made_from_the_version_that_it_names(cloud: FakeCloud) -> None:
    cloud.assert_every_output_is_right()


def test_every_operation_failed_at_times(faults: RandomFaults) -> None:
    hit = Counter(name.partition(":")[0] for name in faults.drawn.elements())
    assert set(hit) == {
        "HeadObject", "GetObject", "PutObject", "Body", "Render",
        "SendMessage", "DeleteMessage", "ChangeMessageVisibility", "Publish", "Invoke",
    }  # fmt: skip
