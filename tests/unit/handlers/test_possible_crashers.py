"""Messages that an invocation may have died with: last, one at a time, and nobody else is lost with them."""

from contextlib import suppress

import pytest

from handlers.admission import REMEMBERED
from handlers.services import RESERVED_SECONDS
from handlers.sqs_message import Message
from tests.support.fake_aws import FakeCloud
from tests.support.fake_workers import DiedError, MortalWorkers, SlowWorkers
from tests.unit.handlers.conftest import ENVIRONMENT

TIMEOUT_SECONDS = 60


def message(*, receive_count: int, first_received_at: float) -> Message:
    return Message(
        message_id="m",
        receipt_handle="r",
        body="",
        receive_count=receive_count,
        first_sent="",
        first_received_at=first_received_at,
    )


@pytest.mark.parametrize(
    ("receive_count", "seconds_ago", "is_suspect"),
    [
        pytest.param(1, 0, False, id="new"),
        pytest.param(1, 500, False, id="new, by a clock that is wrong"),
        pytest.param(2, 5, False, id="given back at once"),
        pytest.param(4, 59, False, id="given back three times"),
        pytest.param(2, 725, True, id="back after the visibility timeout"),
        pytest.param(2, 60, True, id="it could just be"),
        pytest.param(3, -5, True, id="a clock that cannot be trusted"),
    ],
)
def test_a_message_is_suspect_when_an_invocation_may_have_died_with_it(
    receive_count: int, seconds_ago: float, is_suspect: bool
) -> None:
    now = 1_800_000_000
    received = message(receive_count=receive_count, first_received_at=now - seconds_ago)
    assert received.is_suspect(now=now, timeout_seconds=TIMEOUT_SECONDS) is is_suspect


def test_a_message_of_unknown_age_that_was_received_before_is_suspect() -> None:
    assert message(receive_count=2, first_received_at=0).is_suspect(now=1_800_000_000, timeout_seconds=TIMEOUT_SECONDS)


class Journal:
    """What was asked of S3 and SQS, in order."""

    def __init__(self, cloud: FakeCloud) -> None:
        self.entries: list[tuple[str, str]] = []
        cloud.s3.after = self.note
        cloud.sqs.after = self.note

    def note(self, operation: str, about: str) -> None:
        self.entries.append((operation, about.rpartition("/")[0] if operation == "PutObject" else about))

    def first(self, operation: str, about: str) -> int:
        return self.entries.index((operation, about))

    def last(self, operation: str, about: str) -> int:
        return len(self.entries) - 1 - self.entries[::-1].index((operation, about))


def after_a_death(cloud: FakeCloud, count: int) -> list[str]:
    """Uploads photos and lets their first invocation die; answers their keys."""
    keys = [f"{number}.jpg" for number in range(count)]
    for key in keys:
        cloud.upload(key, key.encode())
    cloud.sqs.receive(10)
    cloud.sqs.let_time_pass()
    return keys


def test_suspects_are_handled_one_at_a_time_and_each_is_acknowledged_before_the_next() -> None:
    cloud = FakeCloud(ENVIRONMENT)
    keys = after_a_death(cloud, 5)
    journal = Journal(cloud)
    handles = {held.body: f"{held.message_id}/2" for held in cloud.sqs.waiting}
    assert cloud.invoke() == []
    acknowledged = [journal.first("DeleteMessage", handle) for handle in handles.values()]
    for key, next_key, end in zip(keys, keys[1:], acknowledged, strict=False):
        assert journal.last("PutObject", key) < end < journal.first("GetObject", next_key)


def test_new_messages_come_before_suspects_and_are_acknowledged_at_once_in_their_company() -> None:
    cloud = FakeCloud(ENVIRONMENT)
    suspect, *_ = after_a_death(cloud, 1)
    for key in ("a.jpg", "b.jpg"):
        cloud.upload(key, key.encode())
    news = cloud.sqs.waiting[1:]
    journal = Journal(cloud)
    assert cloud.invoke() == []
    begun = journal.first("GetObject", suspect)
    for held in news:
        assert journal.first("DeleteMessage", f"{held.message_id}/1") < begun


def test_a_batch_without_suspects_is_not_acknowledged_one_by_one() -> None:
    cloud = FakeCloud(ENVIRONMENT)
    for key in ("a.jpg", "b.jpg"):
        cloud.upload(key, key.encode())
    journal = Journal(cloud)
    cloud.invoke()
    assert "DeleteMessage" not in {operation for operation, _ in journal.entries}


def test_what_was_deferred_is_no_suspect() -> None:
    cloud = FakeCloud(ENVIRONMENT)
    cloud.upload("deferred.jpg", b"deferred")
    assert cloud.invoke(seconds_left=5)
    journal = Journal(cloud)
    assert cloud.invoke() == []
    assert "DeleteMessage" not in {operation for operation, _ in journal.entries}


def test_suspects_wait_hidden_apart_from_each_other_and_the_one_in_work_for_the_longest() -> None:
    cloud = FakeCloud(ENVIRONMENT)
    keys = after_a_death(cloud, 3)
    hidden: list[dict[str, float]] = []

    def look(operation: str, about: str) -> None:
        if operation == "GetObject":
            hidden.append({held.body: held.visible_at - cloud.sqs.now for held in cloud.sqs.waiting})

    cloud.s3.before = look
    cloud.invoke()
    assert len(hidden) == len(keys)
    in_work, *waiting = hidden[0].values()
    assert min(waiting) > 60  # the function's seconds
    assert waiting[0] + 30 < waiting[1] < in_work - 30  # after a death each comes back in a batch of its own


@pytest.mark.parametrize("poisons", [1, 4, 9])
def test_however_many_photos_kill_the_function_all_others_of_their_batch_are_processed(poisons: int) -> None:
    cloud = FakeCloud(ENVIRONMENT, MortalWorkers())
    for number in range(10):
        cloud.upload(f"{number}.jpg", b"poison" if number < poisons else b"good")
    cloud.sqs.receive(10)  # the first death
    while cloud.sqs.waiting:
        cloud.sqs.let_time_pass()
        with suppress(DiedError):
            cloud.invoke()
    assert len(cloud.account().processed) == 10 - poisons
    assert len(cloud.sqs.dead_letters) == poisons


def test_new_photos_leave_suspects_their_part_of_the_time() -> None:
    cloud = FakeCloud(ENVIRONMENT, SlowWorkers(0.6))
    after_a_death(cloud, 1)
    for number in range(9):
        cloud.upload(f"new {number}.jpg", b"new")
    for _ in range(REMEMBERED):
        cloud.house.pace.note(render_seconds=0.6, transfer_seconds=0.01)
    failed = cloud.invoke(seconds_left=RESERVED_SECONDS + 6)  # in which all nine would fit
    processed = [source.key for source in cloud.account().processed]
    assert "0.jpg" in processed
    assert len(processed) + len(failed) == 10
    assert 1 <= sum(key.startswith("new") for key in processed) <= 5
