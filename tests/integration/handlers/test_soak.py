"""Two thousand photos while a tenth of everything fails at random: in the end, each of them is accounted for."""

from collections import Counter

import pytest

from processing.messages import parse_message
from tests.fake_cloud import FakeCloud
from tests.unit.handlers.conftest import ENVIRONMENT
from tests.weather import BODY_FAULTS, S3_FAULTS, SNS_FAULTS, SQS_FAULTS, Fault, Weather

PHOTOS = 2000
SHARE = 0.10
SEED = 20261123
ANSWER_LOST: dict[str, Fault] = {"answer lost": lambda _: TimeoutError()}


@pytest.fixture(scope="module")
def weather() -> Weather:
    return Weather(SEED, SHARE)


@pytest.fixture(scope="module")
def cloud(weather: Weather) -> FakeCloud:
    """After the storm: two thousand photos, some bad, some overwritten, some deleted, some delivered twice."""
    cloud = FakeCloud(ENVIRONMENT)
    cloud.s3.before, cloud.s3.after = weather.hook(S3_FAULTS, "before"), weather.hook(S3_FAULTS, "after")
    cloud.s3.break_off = lambda: weather.strikes(BODY_FAULTS, "Body")
    cloud.sqs.before, cloud.sqs.after = weather.hook(SQS_FAULTS, "before"), weather.hook(SQS_FAULTS, "after")
    cloud.sns.before = weather.hook(SNS_FAULTS, "before")
    for number in range(PHOTOS):
        cloud.upload(f"{number:04}.jpg", b"" if number % 100 == 7 else f"photo {number}".encode())
    for number in range(0, PHOTOS, 20):
        cloud.upload(f"{number:04}.jpg", f"photo {number}, edited".encode())
    cloud.work_until_the_queue_is_empty(is_heard=lambda: weather.strikes(ANSWER_LOST, "Invoke") is None)
    return cloud


def test_every_photo_is_processed_or_dead_and_none_is_lost(cloud: FakeCloud) -> None:
    account = cloud.account()
    assert not account.lost
    assert not account.waiting
    assert len(account.processed) + len(account.superseded) + len(account.dead) == len(cloud.uploaded)
    assert len(account.processed) > 0.9 * PHOTOS


def test_every_dead_photo_has_its_reason_unless_its_letter_itself_was_refused(
    cloud: FakeCloud, weather: Weather
) -> None:
    dead = cloud.account().dead
    assert set(dead.values()) <= {"empty-object", "throttled", "storage-unavailable", ""}
    refused = {source for call, body in weather.struck_calls if call == "SendMessage" for source in parse_message(body)}
    assert {source for source, code in dead.items() if not code} <= refused
    assert sum(source.size_bytes == 0 for source in dead) == PHOTOS // 100


def test_every_output_was_made_from_the_version_that_it_names(cloud: FakeCloud) -> None:
    cloud.assert_every_output_is_right()


def test_the_storm_did_hit_everything(weather: Weather) -> None:
    hit = Counter(name.partition(":")[0] for name in weather.struck.elements())
    assert set(hit) == {
        "HeadObject", "GetObject", "PutObject", "Body",
        "SendMessage", "DeleteMessage", "ChangeMessageVisibility", "Publish", "Invoke",
    }  # fmt: skip
