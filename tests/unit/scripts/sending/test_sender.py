import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.aws.sqs_message import MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, StoredMessage
from scripts.aws.sqs_queue import BatchOutcome
from scripts.sending.journal import Journal
from scripts.sending.sender import REFUSED, SENDING, SENT, OutgoingMessage, RateLimit, Sender, batches
from tests.support.fake_queue import FakeQueue


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "j") as journal:
        yield journal


@pytest.fixture
def sender(queue: FakeQueue, journal: Journal) -> Sender:
    return Sender(queue, journal, RateLimit(None))  # type: ignore[arg-type]


def outgoing(*bodies: str) -> list[OutgoingMessage]:
    return [OutgoingMessage(f"item-{body}", StoredMessage(id="", body=body), {"about": body}) for body in bodies]


def test_what_was_sent_is_journaled_with_its_new_id_and_destination(sender: Sender, journal: Journal) -> None:
    sent = sender.send(outgoing("a", "b"))
    assert sent.new_ids == {"item-a": "new-a", "item-b": "new-b"}
    entry = journal.find(["item-a"])["item-a"]
    assert (entry.step, entry.document) == (SENT, {"about": "a", "to": "the-queue", "new_id": "new-a"})


def test_a_second_run_sends_nothing_again(sender: Sender, queue: FakeQueue) -> None:
    sender.send(outgoing("a", "b"))
    again = sender.send(outgoing("a", "b", "c"))
    assert queue.bodies == ["a", "b", "c"]
    assert again.earlier == {"item-a", "item-b"}
    assert again.arrived == {"item-a", "item-b", "item-c"}
    assert again.maybe_twice == set()


@pytest.mark.parametrize(("fails", "times"), [("early", 1), ("late", 2)])
def test_what_may_or_may_not_have_arrived_is_sent_again_and_reported(
    sender: Sender, queue: FakeQueue, journal: Journal, fails: str, times: int
) -> None:
    queue.fails_at, queue.fails_late = 0, fails == "late"
    with pytest.raises(ConnectionError):
        sender.send(outgoing("a"))
    assert journal.counts() == {SENDING: 1}
    queue.fails_at = None
    assert sender.send(outgoing("a")).maybe_twice == {"item-a"}
    assert queue.bodies == ["a"] * times


def test_a_cut_off_run_leaves_at_most_one_group_in_doubt(sender: Sender, queue: FakeQueue, journal: Journal) -> None:
    queue.fails_at = 180
    with pytest.raises(ConnectionError):
        sender.send(outgoing(*map(str, range(500))))
    assert journal.counts() == {SENDING: sender.group_size - 20, SENT: 180}
    assert sender.group_size == 160


def test_batches_are_sent_at_once(sender: Sender, queue: FakeQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    together, send = threading.Barrier(16), queue.send

    def wait_for_the_others(messages: Sequence[StoredMessage]) -> BatchOutcome:
        together.wait(10)
        return send(messages)

    monkeypatch.setattr(queue, "send", wait_for_the_others)
    assert len(sender.send(outgoing(*map(str, range(160)))).new_ids) == 160


@pytest.mark.parametrize(("per_second", "in_doubt"), [(0.5, 1), (7.0, 7), (50.0, 50), (400.0, 160)])
def test_a_rate_limit_leaves_at_most_a_second_in_doubt(
    queue: FakeQueue, journal: Journal, per_second: float, in_doubt: int
) -> None:
    sender = Sender(queue, journal, RateLimit(per_second, sleep=lambda _: None))  # type: ignore[arg-type]
    assert sender.group_size == in_doubt


def test_what_sqs_refuses_is_reported_and_tried_again_by_a_later_run(
    sender: Sender, queue: FakeQueue, journal: Journal
) -> None:
    queue.refuses = {"b"}
    sent = sender.send(outgoing("a", "b"))
    assert sent.refused == {"item-b": "InvalidMessageContents"}
    assert sent.arrived == {"item-a"}
    assert journal.counts() == {REFUSED: 1, SENT: 1}
    queue.refuses = set()
    again = sender.send(outgoing("a", "b"))
    assert (set(again.new_ids), again.maybe_twice) == ({"item-b"}, set())


@given(st.lists(st.integers(1, MAX_BATCH_BYTES), max_size=60))
def test_batches_keep_both_limits_and_the_order(sizes: list[int]) -> None:
    messages = [OutgoingMessage(str(i), StoredMessage(id="", body="x" * size)) for i, size in enumerate(sizes)]
    cut = list(batches(messages))
    assert [message for batch in cut for message in batch] == messages
    assert all(1 <= len(batch) <= MAX_BATCH_ENTRIES for batch in cut)
    assert all(sum(message.message.size_bytes for message in batch) <= MAX_BATCH_BYTES for batch in cut)


def test_a_message_larger_than_a_batch_goes_alone() -> None:
    messages = [
        OutgoingMessage(str(i), StoredMessage(id="", body="x" * size))
        for i, size in enumerate((1, MAX_BATCH_BYTES + 1, 1))
    ]
    assert [len(batch) for batch in batches(messages)] == [1, 1, 1]
