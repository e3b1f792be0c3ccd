from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from processing.failures import FailureCode
from processing.outcomes import Outcome, SourceObject
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.photo_state import SourceState
from scripts.aws.sqs_queue import Depth
from scripts.dlq import outcomes
from scripts.dlq.outcomes import NOTHING_TO_DO, WAITING, OutcomeChecker, PhotoOutcome
from scripts.sending.journal import JournalEntry
from tests.support.dead_letters import received
from tests.support.events import s3_body
from tests.support.fake_queue import FakePhotoStates, FakeQueue


@pytest.fixture
def dlq(monkeypatch: pytest.MonkeyPatch) -> list[DeadLetter]:
    """Return the dead letters that every check reads; tests change them."""
    letters: list[DeadLetter] = []

    @contextmanager
    def read(*_: object) -> Iterator[Any]:
        yield type("Reader", (), {"dead_letters": lambda _: iter(letters)})()

    monkeypatch.setattr(outcomes, "read_dlq", read)
    monkeypatch.setattr(outcomes, "POLL_SECONDS", 0.01)
    return letters


def checker(photos: FakePhotoStates, patience_seconds: float = 0.0, queue: FakeQueue | None = None) -> OutcomeChecker:
    return OutcomeChecker(photos, queue or FakeQueue(), FakeQueue(), patience_seconds)  # type: ignore[arg-type]


def redriven(body: str, item: str = "d1", new_id: str = "n1") -> JournalEntry:
    return JournalEntry(item, "moved", {"new_id": new_id, "message": {"body": body}})


def message(*keys: str, item: str = "d1", new_id: str = "n1") -> JournalEntry:
    return redriven(s3_body(*keys), item, new_id)


def test_a_photo_with_its_commit_marker_is_processed(dlq: list[DeadLetter]) -> None:
    found = checker(FakePhotoStates(done={"a.jpg"})).wait([message("a.jpg")])
    assert found.photos == [PhotoOutcome(item="d1", key="a.jpg", outcome="processed")]
    assert found.is_good


@pytest.mark.parametrize(
    ("state", "outcome"), [(SourceState.GONE, Outcome.GONE), (SourceState.OVERWRITTEN, Outcome.SUPERSEDED)]
)
def test_a_photo_whose_source_changed_needs_nothing(dlq: list[DeadLetter], state: SourceState, outcome: str) -> None:
    found = checker(FakePhotoStates({"a.jpg": state})).wait([message("a.jpg")])
    assert [finding.outcome for finding in found.photos] == [outcome]
    assert found.is_good


def test_a_source_that_is_gone_settles_nothing_while_the_message_may_still_be_in_the_queue(
    dlq: list[DeadLetter],
) -> None:
    photos, queue = FakePhotoStates({"a.jpg": SourceState.GONE, "b.jpg": SourceState.GONE}), FakeQueue()
    handled = iter(range(2))

    def depth() -> Depth:
        if next(handled, None) is None:
            dlq.append(received("d9", "a.jpg", code=FailureCode.ACCESS_DENIED, message_id="n1"))
            return Depth(0, 0, 0)
        return Depth(2, 0, 0)

    queue.depth = depth  # type: ignore[method-assign]
    found = checker(photos, 60, queue).wait([message("a.jpg"), message("b.jpg", item="d2", new_id="n2")])
    assert found.counts == {"dead-lettered": 1, "gone": 1}


def test_a_source_that_is_gone_settles_its_message_at_the_end_of_patience(dlq: list[DeadLetter]) -> None:
    found = checker(FakePhotoStates({"a.jpg": SourceState.GONE}), queue=FakeQueue(depths=[1000])).wait(
        [message("a.jpg")]
    )
    assert found.counts == {"gone": 1}


def test_a_message_that_came_back_failed_with_the_code_it_came_back_with(dlq: list[DeadLetter]) -> None:
    dlq.append(received("d2", "a.jpg", code=FailureCode.TOO_SLOW, message_id="n1"))
    found = checker(FakePhotoStates()).wait([message("a.jpg")])
    assert found.failures == [PhotoOutcome(item="d1", key="a.jpg", outcome="dead-lettered", code="too-slow")]
    assert not found.is_good


def test_a_message_that_sqs_itself_moved_back_keeps_its_id_and_failed_without_a_reason(dlq: list[DeadLetter]) -> None:
    dlq.append(received("n1", "a.jpg", code=FailureCode.ACCESS_DENIED, message_id="older", moved_by_sqs=True))
    assert [finding.code for finding in checker(FakePhotoStates()).wait([message("a.jpg")]).failures] == ["no-reason"]


def test_an_older_dead_letter_of_the_same_photo_says_nothing_about_this_one(dlq: list[DeadLetter]) -> None:
    dlq.append(received("d0", "a.jpg", code=FailureCode.TOO_SLOW, message_id="some other message"))
    assert checker(FakePhotoStates(done={"a.jpg"})).wait([message("a.jpg")]).is_good


def test_what_has_no_outcome_in_time_is_reported_as_waiting(dlq: list[DeadLetter]) -> None:
    found = checker(FakePhotoStates({"b.jpg": SourceState.UNKNOWN})).wait(
        [message("a.jpg"), message("b.jpg", item="d2")]
    )
    assert [finding.key for finding in found.waiting] == ["a.jpg", "b.jpg"]
    assert not found.is_good
    assert found.settled == set()


def test_a_message_with_two_photos_is_settled_when_both_are(dlq: list[DeadLetter]) -> None:
    found = checker(FakePhotoStates(done={"a.jpg"})).wait([message("a.jpg", "b.jpg")])
    assert found.counts == {"processed": 1, WAITING: 1}
    assert found.settled == set()
    found = checker(FakePhotoStates(done={"a.jpg", "b.jpg"})).wait([message("a.jpg", "b.jpg")])
    assert found.settled == {"d1"}


def test_it_looks_again_until_the_outcome_is_there(dlq: list[DeadLetter]) -> None:
    class Slow(FakePhotoStates):
        looks = 0

        def is_done(self, source: SourceObject) -> bool:
            self.looks += 1
            return self.looks == 3

    photos = Slow()
    assert checker(photos, patience_seconds=60).wait([message("a.jpg")]).is_good
    assert photos.looks == 3


def test_s3s_test_message_has_nothing_to_do(dlq: list[DeadLetter]) -> None:
    found = checker(FakePhotoStates()).wait([redriven('{"Event": "s3:TestEvent"}')])
    assert [finding.outcome for finding in found.photos] == [NOTHING_TO_DO]


def test_a_malformed_message_waits_until_it_is_back(dlq: list[DeadLetter]) -> None:
    malformed = redriven("not json")
    assert checker(FakePhotoStates()).wait([malformed]).waiting != []
    dlq.append(received("d2", body="not json", code=FailureCode.MALFORMED_MESSAGE, message_id="n1"))
    assert [f.code for f in checker(FakePhotoStates()).wait([malformed]).failures] == ["malformed-message"]
