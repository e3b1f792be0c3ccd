"""Messages that an invocation may have crashed with come last, one at a time, and cost no other photo."""

from contextlib import suppress

import pytest

from handlers.admission import REMEMBERED
from handlers.sqs_message import Message
from handlers.time_budget import TimeBudget
from tests.support.fake_aws import FakeCloud
from tests.support.fake_workers import CrashingWorkers, FunctionCrashedError, SlowWorkers

TIMEOUT_SECONDS = 60
RESERVED_SECONDS = TimeBudget().reserved_seconds


def message(*, receive_count: int, first_received_at: float) -> Message:
    return Message(message_id="m", receive_count=receive_count, first_received_at=first_received_at)


@pytest.mark.parametrize(
    ("receive_count", "seconds_ago", "may_have_crashed"),
    [
        pytest.param(1, 0, False, id="new"),
        pytest.param(1, 500, False, id="new, by a clock that is wrong"),
        pytest.param(2, 5, False, id="released at once"),
        pytest.param(4, 59, False, id="released three times"),
        pytest.param(2, 725, True, id="back after the visibility timeout"),
        pytest.param(2, 60, True, id="it could just be"),
        pytest.param(3, -5, True, id="a clock that cannot be trusted"),
    ],
)
def test_a_message_that_returns_after_the_visibility_timeout_may_have_crashed(
    receive_count: int, seconds_ago: float, may_have_crashed: bool
) -> None:
    now = 1_800_000_000
    received = message(receive_count=receive_count, first_received_at=now - seconds_ago)
    assert received.may_have_crashed(now=now, timeout_seconds=TIMEOUT_SECONDS) is may_have_crashed


def test_a_message_of_unknown_age_that_was_received_before_may_have_crashed() -> None:
    assert message(receive_count=2, first_received_at=0).may_have_crashed(
        now=1_800_000_000, timeout_seconds=TIMEOUT_SECONDS
    )


class Journal:
    """The calls to S3 and SQS, in order."""

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


def after_a_crash(cloud: FakeCloud, count: int) -> list[str]:
    """Upload photos, let their first invocation crash, and return their keys."""
    keys = [f"{number}.jpg" for number in range(count)]
    for key in keys:
        cloud.upload(key, key.encode())
    cloud.sqs.receive(10)
    cloud.sqs.let_time_pass()
    return keys


def test_possible_crashers_are_processed_one_at_a_time_and_each_is_acknowledged_before_the_next() -> None:
    cloud = FakeCloud()
    keys = after_a_crash(cloud, 5)
    journal = Journal(cloud)
    handles = {held.body: f"{held.message_id}/2" for held in cloud.sqs.waiting}
    assert cloud.invoke() == []
    acknowledged = [journal.first("DeleteMessage", handle) for handle in handles.values()]
    for key, next_key, end in zip(keys, keys[1:], acknowledged, strict=False):
        assert journal.last("PutObject", key) < end < journal.first("GetObject", next_key)


def test_others_come_before_possible_crashers_and_are_acknowledged_at_once() -> None:
    cloud = FakeCloud()
    crasher, *_ = after_a_crash(cloud, 1)
    for key in ("a.jpg", "b.jpg"):
        cloud.upload(key, key.encode())
    news = cloud.sqs.waiting[1:]
    journal = Journal(cloud)
    assert cloud.invoke() == []
    begun = journal.first("GetObject", crasher)
    for held in news:
        assert journal.first("DeleteMessage", f"{held.message_id}/1") < begun


def test_a_batch_without_possible_crashers_is_not_acknowledged_one_by_one() -> None:
    cloud = FakeCloud()
    for key in ("a.jpg", "b.jpg"):
        cloud.upload(key, key.encode())
    journal = Journal(cloud)
    cloud.invoke()
    assert "DeleteMessage" not in {operation for operation, _ in journal.entries}


def test_a_deferred_message_is_no_possible_crasher() -> None:
    cloud = FakeCloud()
    cloud.upload("deferred.jpg", b"deferred")
    assert cloud.invoke(seconds_left=5)
    journal = Journal(cloud)
    assert cloud.invoke() == []
    assert "DeleteMessage" not in {operation for operation, _ in journal.entries}


def test_possible_crashers_stay_hidden_apart_from_each_other_and_the_one_in_process_for_the_longest() -> None:
    cloud = FakeCloud()
    keys = after_a_crash(cloud, 3)
    hidden: list[dict[str, float]] = []

    def look(operation: str, about: str) -> None:
        if operation == "GetObject":
            hidden.append({held.body: held.visible_at - cloud.sqs.now for held in cloud.sqs.waiting})

    cloud.s3.before = look
    cloud.invoke()
    assert len(hidden) == len(keys)
    in_process, *waiting = hidden[0].values()
    assert min(waiting) > 60  # the function's seconds
    assert waiting[0] + 30 < waiting[1] < in_process - 30  # after a crash each returns in a batch of its own


@pytest.mark.parametrize("poisons", [1, 4, 9])
def test_however_many_photos_kill_the_function_all_others_of_their_batch_are_processed(poisons: int) -> None:
    cloud = FakeCloud(lambda _: CrashingWorkers())
    for number in range(10):
        cloud.upload(f"{number}.jpg", b"poison" if number < poisons else b"good")
    cloud.sqs.receive(10)  # the first crash
    while cloud.sqs.waiting:
        cloud.sqs.let_time_pass()
        with suppress(FunctionCrashedError):
            cloud.invoke()
    assert len(cloud.account().processed) == 10 - poisons
    assert len(cloud.sqs.dead_letters) == poisons


def test_others_leave_possible_crashers_half_of_the_time() -> None:
    cloud = FakeCloud(lambda _: SlowWorkers(0.4))
    after_a_crash(cloud, 1)
    for number in range(9):
        cloud.upload(f"new {number}.jpg", b"new")
    for _ in range(REMEMBERED):
        cloud.estimate.record(render_seconds=0.4, transfer_seconds=0.01)
    failed = cloud.invoke(seconds_left=RESERVED_SECONDS + 4)  # in which all nine would fit
    processed = [source.key for source in cloud.account().processed]
    assert "0.jpg" in processed
    assert len(processed) + len(failed) == 10
    assert 1 <= sum(key.startswith("new") for key in processed) <= 5
