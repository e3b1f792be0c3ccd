from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.aws.sqs_message import MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, StoredMessage
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


def test_a_cut_off_run_leaves_at_most_one_batch_in_doubt(sender: Sender, queue: FakeQueue, journal: Journal) -> None:
    queue.fails_at = 20
    with pytest.raises(ConnectionError):
        sender.send(outgoing(*map(str, range(50))))
    assert journal.counts() == {SENDING: 10, SENT: 20}


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
