"""The mover with queues in memory: what goes wrong in them is chosen by the test."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from scripts.aws import dlq_reader
from scripts.aws.sqs_message import StoredMessage
from scripts.aws.sqs_queue import BatchOutcome, Depth
from scripts.dlq.mover import MOVED, Mover
from scripts.sending.journal import Journal
from scripts.sending.rate_limit import RateLimit
from scripts.sending.sender import SENT, Sender
from tests.support.dead_letters import received


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dlq_reader, "VISIBILITY_TIMEOUT_SECONDS", 0)
    monkeypatch.setattr(dlq_reader, "WAIT_SECONDS", 0)


class FakeDlq:
    """Hands out what is visible, and hides it; deletes but for handles that it refuses."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.visible = {letter_id: received(letter_id, f"{letter_id}.jpg").message for letter_id in ids}
        self.hidden: dict[str, StoredMessage] = {}
        self.refuses: set[str] = set()

    def receive(self, *, visibility_timeout_seconds: int, wait_seconds: int, most: int) -> list[StoredMessage]:
        taken = list(self.visible.values())[:most]
        for message in taken:
            self.hidden[message.receipt_handle] = self.visible.pop(message.id)
        return taken

    def delete(self, handles: Sequence[str]) -> BatchOutcome:
        outcome = BatchOutcome()
        for position, handle in enumerate(handles):
            if handle in self.refuses:
                outcome.failed[position] = "InternalError"
            else:
                del self.hidden[handle]
                outcome.done[position] = {}
        return outcome

    def release(self, handles: Sequence[str]) -> None:
        for handle in handles:
            message = self.hidden.pop(handle)
            self.visible[message.id] = message

    def depth(self) -> Depth:
        return Depth(len(self.visible), len(self.hidden), 0)


class FakeQueue:
    """Takes everything but the bodies that it refuses."""

    url = "the-queue"

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.refuses: set[str] = set()

    def send(self, messages: Sequence[StoredMessage]) -> BatchOutcome:
        outcome = BatchOutcome()
        for position, message in enumerate(messages):
            if message.body in self.refuses:
                outcome.failed[position] = "InvalidMessageContents"
            else:
                self.bodies.append(message.body)
                outcome.done[position] = f"new-{message.id}"
        return outcome


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "j") as journal:
        yield journal


def mover(dlq: FakeDlq, queue: FakeQueue, journal: Journal) -> Mover:
    return Mover(dlq, Sender(queue, journal, RateLimit(None)))  # type: ignore[arg-type]


def ids(count: int) -> list[str]:
    return [f"id-{number:02}" for number in range(count)]


def test_only_the_wanted_letters_are_moved_and_the_others_are_visible_again(queue: FakeQueue, journal: Journal) -> None:
    dlq = FakeDlq(ids(35))
    moves = mover(dlq, queue, journal).move(set(ids(35)[::2]))
    assert moves.moved == set(ids(35)[::2])
    assert moves.is_clean
    assert set(dlq.visible) == set(ids(35)[1::2])
    assert dlq.hidden == {}
    assert len(queue.bodies) == 18


def test_what_the_queue_refuses_is_not_deleted(queue: FakeQueue, journal: Journal) -> None:
    dlq = FakeDlq(ids(3))
    queue.refuses = {dlq.visible["id-01"].body}
    moves = mover(dlq, queue, journal).move(set(ids(3)))
    assert moves.sent.refused == {"id-01": "InvalidMessageContents"}
    assert set(dlq.visible) == {"id-01"}
    assert not moves.is_clean


def test_what_was_sent_but_not_deleted_is_only_deleted_by_the_next_run(queue: FakeQueue, journal: Journal) -> None:
    dlq = FakeDlq(ids(3))
    dlq.refuses = {"handle-id-01"}
    moves = mover(dlq, queue, journal).move(set(ids(3)))
    assert moves.kept == {"id-01": "InternalError"}
    assert journal.counts() == {MOVED: 2, SENT: 1}
    dlq.refuses = set()
    again = mover(dlq, queue, journal).move({"id-01"})
    assert (again.moved, again.sent.earlier, again.sent.new_ids) == ({"id-01"}, {"id-01"}, {})
    assert len(queue.bodies) == 3
    assert dlq.visible == {}


def test_a_canary_moves_so_many_and_leaves_the_rest(queue: FakeQueue, journal: Journal) -> None:
    dlq = FakeDlq(ids(25))
    moves = mover(dlq, queue, journal).move(set(ids(25)), most=3)
    assert len(moves.moved) == len(queue.bodies) == 3
    assert len(dlq.visible) == 22
    assert moves.missing == set()


def test_letters_that_do_not_turn_up_are_missing_and_not_waited_for_without_end(
    queue: FakeQueue, journal: Journal
) -> None:
    dlq = FakeDlq(ids(2))
    assert mover(dlq, queue, journal).move({*ids(2), "deleted by someone else"}).missing == {"deleted by someone else"}


def test_an_interrupt_in_the_middle_shows_everything_that_was_not_deleted(queue: FakeQueue, journal: Journal) -> None:
    class Interrupted(FakeQueue):
        def send(self, messages: Sequence[StoredMessage]) -> BatchOutcome:
            if queue.bodies:
                raise KeyboardInterrupt
            return queue.send(messages)

    dlq = FakeDlq(ids(25))
    with pytest.raises(KeyboardInterrupt):
        mover(dlq, Interrupted(), journal).move(set(ids(25)))
    assert len(queue.bodies) == 10
    assert (len(dlq.visible), dlq.hidden) == (15, {})
