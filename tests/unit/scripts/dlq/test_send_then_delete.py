"""Moves dead letters between queues in memory."""

from collections.abc import Container, Iterator
from pathlib import Path

import pytest

from scripts.aws.dlq_reader import read_dlq
from scripts.dlq.send_then_delete import MOVED, Mover, MoveResult
from scripts.sending.journal import Journal
from scripts.sending.sender import SENT, RateLimit, Sender
from tests.support.dead_letters import received
from tests.support.fake_queue import FakeQueue, queue_with


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "j") as journal:
        yield journal


def move(dlq: FakeQueue, queue: FakeQueue, journal: Journal, wanted: Container[str]) -> MoveResult:
    """Read the DLQ and move these ids."""
    with read_dlq(dlq) as reader:  # type: ignore[arg-type]
        letters = [letter for letter in reader.dead_letters() if letter.id in wanted]
        return Mover(Sender(queue, journal, RateLimit(None))).move(reader, letters)  # type: ignore[arg-type]


def ids(count: int) -> list[str]:
    return [f"id-{number:02}" for number in range(count)]


def test_only_the_wanted_letters_are_moved_and_the_others_are_visible_again(queue: FakeQueue, journal: Journal) -> None:
    dlq = queue_with(ids(35))
    moves = move(dlq, queue, journal, set(ids(35)[::2]))
    assert moves.moved == set(ids(35)[::2])
    assert moves.is_clean
    assert set(dlq.visible) == set(ids(35)[1::2])
    assert dlq.hidden == {}
    assert len(queue.bodies) == 18


def test_what_the_queue_refuses_is_not_deleted(queue: FakeQueue, journal: Journal) -> None:
    dlq = queue_with(ids(3))
    queue.refuses = {dlq.visible["id-01"].body}
    moves = move(dlq, queue, journal, set(ids(3)))
    assert moves.sent.refused == {"id-01": "InvalidMessageContents"}
    assert set(dlq.visible) == {"id-01"}
    assert not moves.is_clean


def test_what_was_sent_but_not_deleted_is_only_deleted_by_the_next_run(queue: FakeQueue, journal: Journal) -> None:
    dlq = queue_with(ids(3))
    dlq.refuses = {"handle-id-01"}
    moves = move(dlq, queue, journal, set(ids(3)))
    assert moves.not_deleted == {"id-01": "InternalError"}
    assert journal.counts() == {MOVED: 2, SENT: 1}
    dlq.refuses = set()
    again = move(dlq, queue, journal, {"id-01"})
    assert (again.moved, again.sent.earlier, again.sent.new_ids) == ({"id-01"}, {"id-01"}, {})
    assert len(queue.bodies) == 3
    assert dlq.visible == {}


def test_letters_that_the_reader_does_not_hold_are_missing_and_not_sent(queue: FakeQueue, journal: Journal) -> None:
    dlq = queue_with(ids(2))
    with read_dlq(dlq) as reader:  # type: ignore[arg-type]
        letters = [*reader.dead_letters(), received("elsewhere")]
        moves = Mover(Sender(queue, journal, RateLimit(None))).move(reader, letters)  # type: ignore[arg-type]
    assert (moves.moved, moves.missing, len(queue.bodies)) == ({*ids(2)}, {"elsewhere"}, 2)


def test_an_interrupt_in_the_middle_shows_everything_that_was_not_deleted(queue: FakeQueue, journal: Journal) -> None:
    dlq = queue_with(ids(25))
    queue.fails_at, queue.error = 1, KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        move(dlq, queue, journal, set(ids(25)))
    assert len(queue.bodies) == 10
    assert (len(dlq.visible), dlq.hidden) == (25, {})
    queue.fails_at = None
    again = move(dlq, queue, journal, set(ids(25)))
    assert (len(again.moved), len(again.sent.earlier), dlq.visible) == (25, 10, {})
