import pytest

from scripts.aws.dlq_reader import read_dlq
from tests.support.fake_queue import queue_with

IDS = [f"id-{number:02}" for number in range(25)]


def test_every_dead_letter_is_read_once_and_visible_again_at_the_end() -> None:
    queue = queue_with(IDS)
    with read_dlq(queue) as reader:  # type: ignore[arg-type]
        assert sorted(letter.id for letter in reader.dead_letters()) == IDS
        assert queue.visible == {}
    assert (sorted(queue.visible), queue.hidden) == (IDS, {})
    assert reader.shortfall == ""


def test_what_was_read_is_visible_again_after_an_error() -> None:
    queue = queue_with(IDS)

    def fail() -> None:
        with read_dlq(queue) as reader:  # type: ignore[arg-type]
            next(reader.dead_letters())
            raise ConnectionError

    with pytest.raises(ConnectionError):
        fail()
    assert (len(queue.visible), queue.hidden) == (25, {})


def test_fewer_dead_letters_than_sqs_reported_are_a_shortfall_and_no_endless_wait() -> None:
    queue = queue_with(IDS)
    queue.depths = [40]
    with read_dlq(queue) as reader:  # type: ignore[arg-type]
        assert len(list(reader.dead_letters())) == 25
    assert reader.shortfall == "SQS says about 40; 25 were read: about 15 were not seen."


def test_a_depth_that_sqs_corrects_during_the_reading_is_no_shortfall() -> None:
    queue = queue_with(IDS)
    queue.depths = [40, 0]
    with read_dlq(queue) as reader:  # type: ignore[arg-type]
        list(reader.dead_letters())
    assert reader.shortfall == ""


def test_what_another_reader_holds_was_not_seen() -> None:
    queue = queue_with(IDS)
    queue.elsewhere = 3
    with read_dlq(queue) as reader:  # type: ignore[arg-type]
        list(reader.dead_letters())
    assert (reader.unseen, reader.in_flight, reader.saw_all) == (3, 3, False)
    assert reader.shortfall == (
        "SQS says about 28; 25 were read: about 3 were not seen, which are held by another reader or a killed run."
    )


def test_figures_from_before_an_earlier_reading_ended_are_no_shortfall() -> None:
    queue = queue_with(IDS)
    queue.depths, queue.elsewhere = [0], 25  # all are visible again, and SQS does not say so yet
    with read_dlq(queue) as reader:  # type: ignore[arg-type]
        assert len(list(reader.dead_letters())) == 25
    assert (reader.saw_all, reader.shortfall) == (True, "")
