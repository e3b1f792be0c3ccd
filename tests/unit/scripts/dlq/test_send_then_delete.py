"""Moves dead letters between queues in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.aws import dlq_reader
from scripts.dlq.send_then_delete import MOVED, Mover
from scripts.sending.journal import Journal
from scripts.sending.sender import SENT, RateLimit, Sender
from tests.support.fake_queue import FakeQueue, queue_with


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dlq_reader, "VISIBILITY_TIMEOUT_SECONDS", 0)
    monkeypatch.setattr(dlq_reader, "WAIT_SECONDS", 0)


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "j") as journal:
        yield journal


def mover(dlq: FakeQueue, queue: FakeQueue, journal: Journal) -> Mover:
    return Mover(dlq, Sender(queue, journal, RateLimit(None)))  # type: ignore[arg-type]


def ids(count: int) -> list[str]:
    return [f"id-{number:02}" for number in range(count)]


def test_only_the_wanted_letters_are_moved_and_the_others_are_visible_again(queue: FakeQueue, journal: Journal) -> None:
    dlq = queue_with(ids(35))
    moves = mover(dlq, queue, journal).move(set(ids(35)[::2]))
    assert moves.moved == set(ids(35)[::2])
    assert moves.is_clean
    assert set(dlq.visible) == set(ids(35)[1::2])
    assert dlq.hidden == {}
    assert len(queue.bodies) == 18


def test_what_the_queue_refuses_is_not_deleted(queue: FakeQueue, journal: Journal) -> None:
    dlq = queue_with(ids(3))
    queue.refuses = {dlq.visible["id-01"].body}
    moves = mover(dlq, queue, journal).move(set(ids(3)))
    assert moves.sent.refused == {"id-01": "InvalidMessageContents"}
    assert set(dlq.visible) == {"id-01"}
    assert not moves.is_clean


def test_what_was_sent_but_not_deleted_is_only_deleted_by_the_next_run(queue: FakeQueue, journal: Journal) -> None:
    dlq = queue_with(ids(3))
    dlq.refuses = {"handle-id-01"}
    moves = mover(dlq, queue, journal).move(set(ids(3)))
    assert moves.not_deleted == {"id-01": "InternalError"}
    assert journal.counts() == {MOVED: 2, SENT: 1}
    dlq.refuses = set()
    again = mover(dlq, queue, journal).move({"id-01"})
    assert (again.moved, again.sent.earlier, again.sent.new_ids) == ({"id-01"}, {"id-01"}, {})
    assert len(queue.bodies) == 3
    assert dlq.visible == {}


def test_a_canary_moves_so_many_and_leaves_the_rest(queue: FakeQueue, journal: Journal) -> None:
    dlq = queue_with(ids(25))
    moves = mover(dlq, queue, journal).move(set(ids(25)), most=3)
    assert len(moves.moved) == len(queue.bodies) == 3
    assert len(dlq.visible) == 22
    assert moves.missing == set()


def test_letters_that_do_not_turn_up_are_missing_and_not_waited_for_without_end(
    queue: FakeQueue, journal: Journal
) -> None:
    dlq = queue_with(ids(2))
    missing = mover(dlq, queue, journal).move({*ids(2), "deleted"}).missing
    assert missing == {"deleted"}


def test_an_interrupt_in_the_middle_shows_everything_that_was_not_deleted(queue: FakeQueue, journal: Journal) -> None:
    dlq = queue_with(ids(25))
    queue.fails_at, queue.error = 1, KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        mover(dlq, queue, journal).move(set(ids(25)))
    assert len(queue.bodies) == 10
    assert (len(dlq.visible), dlq.hidden) == (15, {})
