"""Outcomes without digests; the integration tests show that digests are received when they come."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from processing.failures import FailureCode
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.photo_state import SourceState
from scripts.cli.failures import NO_OUTCOME
from scripts.photo_job import follower as module
from scripts.photo_job.follower import LATE, LOST, Follower, OutcomeLookup
from scripts.photo_job.progress import JobProgress
from tests.support.dead_letters import received
from tests.support.fake_queue import FakePhotoStates, FakeQueue


@pytest.fixture
def progress() -> JobProgress:
    progress = JobProgress()
    for key in ("done.jpg", "failed.jpg", "gone.jpg", "lost.jpg"):
        progress.follow(key, "e1")
    return progress


@pytest.fixture
def saw_all() -> bool:
    """Return True if the reader of the DLQ has seen all dead letters."""
    return True


@pytest.fixture(autouse=True)
def dlq(monkeypatch: pytest.MonkeyPatch, *, saw_all: bool) -> list[DeadLetter]:
    letters = [
        received("1", "failed.jpg", etag="e1", code=FailureCode.TOO_SLOW),
        received("2", "lost.jpg", etag="an older version", code=FailureCode.TOO_SLOW),
    ]

    @contextmanager
    def read(*_: object) -> Iterator[Any]:
        yield SimpleNamespace(dead_letters=lambda: iter(letters), saw_all=saw_all)

    monkeypatch.setattr(module, "read_dlq", read)
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    return letters


def receive_nothing(_: int) -> list[Any]:
    return []


SHORT = {"patience_seconds": 60.0, "quiet_seconds": 0.0, "sure_seconds": 0.05, "event_seconds": 0.0}


def follow(
    progress: JobProgress, *, depth: int = 0, receive: Callable[[int], list[Any]] = receive_nothing, **clocks: float
) -> None:
    stage: Any = SimpleNamespace(
        queue=FakeQueue(depths=[depth]), dlq=None, outputs=SimpleNamespace(input_bucket="photos")
    )
    photos: Any = FakePhotoStates({"gone.jpg": SourceState.GONE}, {"done.jpg"})
    lookup = OutcomeLookup(stage, photos)
    follower = Follower(
        progress=progress,
        receive=receive,
        lookup=lookup,
        **SHORT | clocks,  # type: ignore[arg-type]
    )
    with follower.listening():
        follower.wait_until(lambda: not progress.waiting, lambda: None)


def test_photos_without_a_digest_are_looked_up_and_only_what_is_nowhere_is_lost(progress: JobProgress) -> None:
    follow(progress)
    assert progress.outcomes == {"processed": 1, "dead-lettered": 1, "gone": 1, NO_OUTCOME: 1}
    assert [(f.key, f.code) for f in progress.failures] == [("failed.jpg", "too-slow"), ("lost.jpg", NO_OUTCOME)]
    assert progress.failures[1].what_to_do == LOST


def test_a_photo_whose_event_may_still_come_is_not_lost(progress: JobProgress) -> None:
    follow(progress, event_seconds=3600, patience_seconds=1.5)
    assert [failure.what_to_do for failure in progress.failures if failure.code == NO_OUTCOME] == [LATE]


def test_the_wait_is_longer_than_s3_and_sqs_say_that_they_may_take() -> None:
    follower = Follower(progress=JobProgress(), receive=receive_nothing, patience_seconds=1800)
    assert follower.event_seconds >= 60 + 60
    assert follower.sure_seconds >= 60


@pytest.mark.parametrize("saw_all", [False])
def test_a_photo_that_may_be_among_dead_letters_that_were_not_seen_is_not_lost(progress: JobProgress) -> None:
    follow(progress, patience_seconds=1.5)
    assert [failure.what_to_do for failure in progress.failures if failure.code == NO_OUTCOME] == [LATE]


def test_while_the_queue_holds_messages_nothing_is_concluded_until_patience_ends(progress: JobProgress) -> None:
    follow(progress, depth=1, patience_seconds=0.3)
    assert progress.outcomes == {NO_OUTCOME: 4}
    assert {failure.what_to_do for failure in progress.failures} == {LATE}


def test_a_listener_that_fails_ends_the_wait_with_its_error(progress: JobProgress) -> None:
    def fail(_: int) -> list[Any]:
        raise ConnectionError("the topic is gone")

    with pytest.raises(ConnectionError, match="the topic is gone"):
        follow(progress, depth=1, receive=fail)


def test_after_a_listener_has_failed_nothing_more_is_uploaded(progress: JobProgress) -> None:
    def fail(_: int) -> list[Any]:
        raise ConnectionError("the topic is gone")

    follower, waits = Follower(progress=progress, receive=fail, patience_seconds=60), []

    def wait_twice() -> None:
        with follower.listening():
            waits.append(follower.wait_until(lambda: False, lambda: None))
            waits.append(follower.wait_until(lambda: True, lambda: None))

    with pytest.raises(ConnectionError):
        wait_twice()
    assert waits == [False, False]
