"""What happens when digests do not come; that they are heard when they do is shown on the local AWS."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from processing.failures import FailureCode
from processing.outcomes import SourceObject
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.photo_state import SourceState
from scripts.aws.sqs_queue import Depth
from scripts.start.progress import NO_OUTCOME
from scripts.upload import following
from scripts.upload.following import LATE, LOST, Follower
from scripts.upload.job import Job
from tests.support.dead_letters import received


class Silence:
    """A digest topic that never says anything."""

    def receive(self, wait_seconds: int) -> list[Any]:
        return []


class FakePhotos:
    """S3: the keys that are done and those whose source is gone."""

    def __init__(self, done: set[str], gone: set[str]) -> None:
        self.done, self.gone = done, gone

    def is_done(self, source: SourceObject) -> bool:
        return source.key in self.done

    def source_state(self, source: SourceObject) -> SourceState:
        return SourceState.GONE if source.key in self.gone else SourceState.SAME


@pytest.fixture
def job() -> Job:
    job = Job()
    for key in ("done.jpg", "failed.jpg", "gone.jpg", "lost.jpg"):
        job.follow(key, "e1")
    return job


@pytest.fixture(autouse=True)
def dlq(monkeypatch: pytest.MonkeyPatch) -> list[DeadLetter]:
    letters = [
        received("1", "failed.jpg", etag="e1", code=FailureCode.TOO_SLOW),
        received("2", "lost.jpg", etag="an older version", code=FailureCode.TOO_SLOW),
    ]

    @contextmanager
    def read(*_: object) -> Iterator[Any]:
        yield SimpleNamespace(dead_letters=lambda: iter(letters))

    monkeypatch.setattr(following, "read_dlq", read)
    monkeypatch.setattr(following, "POLL_SECONDS", 0.01)
    return letters


def follow(job: Job, *, depth: int = 0, **clocks: float) -> None:
    follower = Follower(
        job=job,
        watch=Silence(),  # type: ignore[arg-type]
        photos=FakePhotos({"done.jpg"}, {"gone.jpg"}),  # type: ignore[arg-type]
        queue=SimpleNamespace(depth=lambda: Depth(depth, 0, 0)),  # type: ignore[arg-type]
        dlq=None,  # type: ignore[arg-type]
        bucket="photos",
        **{"patience_seconds": 60.0, "quiet_seconds": 0.0, "sure_seconds": 0.05} | clocks,
    )
    with follower.listening() as wait:
        wait(lambda _: None)


def test_what_no_digest_told_of_is_looked_up_where_it_must_be_and_only_what_is_nowhere_is_lost(job: Job) -> None:
    follow(job)
    assert job.outcomes == {"processed": 1, "dead-lettered": 1, "gone": 1, NO_OUTCOME: 1}
    assert [(f.key, f.code) for f in job.failures] == [("failed.jpg", "too-slow"), ("lost.jpg", NO_OUTCOME)]
    assert job.failures[1].what_to_do == LOST


def test_while_the_queue_holds_messages_nothing_is_concluded_until_patience_ends(job: Job) -> None:
    follow(job, depth=1, patience_seconds=0.3)
    assert job.outcomes == {NO_OUTCOME: 4}
    assert {failure.what_to_do for failure in job.failures} == {LATE}


def test_a_listener_that_fails_ends_the_wait_with_its_error(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> list[Any]:
        raise ConnectionError("the topic is gone")

    monkeypatch.setattr(Silence, "receive", fail)
    with pytest.raises(ConnectionError, match="the topic is gone"):
        follow(job, depth=1)
