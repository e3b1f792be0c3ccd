from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.aws.sqs_message import StoredMessage
from scripts.sending.journal import Journal
from scripts.sending.rate_limit import RateLimit
from scripts.sending.sender import REFUSED, SENDING, SENT, OutgoingMessage, Sender
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
