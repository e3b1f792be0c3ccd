"""Follow uploaded photos to their outcomes: by the digests, and without a digest by S3 and the DLQ.

A digest can be missing: it was sent before the queue was subscribed, or sending it failed, which never fails a batch.
So when the source queue is empty and no news come, the remaining photos are looked up.

An event can be late: S3 delivers "typically in seconds but can sometimes take a minute or longer" (Amazon S3 User
Guide, "Amazon S3 Event Notifications"), and SQS's counts are right "at least 1 minute after the producers stop sending
messages" (Amazon SQS API reference, GetQueueAttributes). So a photo counts as lost only some minutes later.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from processing.digest.batch_digest import BatchDigest
from processing.outcomes import Outcome, SourceObject
from scripts.aws.dead_letter import explain
from scripts.aws.dlq_reader import read_dlq
from scripts.aws.parallel import map_in_threads
from scripts.aws.photo_state import PhotoStates, SourceState
from scripts.aws.stage import Stage
from scripts.cli.failures import NO_OUTCOME, Failure
from scripts.photo_job.progress import JobProgress

POLL_SECONDS = 1
LATE_EVENT_SECONDS = 300.0  # S3 names no longest time
SQS_COUNT_SECONDS = 60.0
_THREADS = 32  # lookups at once
LOST = "Neither in the queue nor in the DLQ, and not done: `npm run reconcile` finds it and sends it again."
LATE = "No news for too long. The queue may be long, or the function may not run: look at its alarms and its log."


@dataclass(frozen=True)
class OutcomeLookup:
    """Find outcomes without digests, in the DLQ and both buckets."""

    stage: Stage
    photos: PhotoStates

    def settle(self, progress: JobProgress) -> bool:
        """Set the outcome of each pending photo that has one; return False if not all dead letters were seen."""
        with read_dlq(self.stage.dlq) as reader:
            codes = {(s.key, s.etag): letter.code for letter in reader.dead_letters() for s in letter.sources}
        pending = progress.pending()
        for key, etag in pending:
            if code := codes.get((key, etag)):
                progress.settle(key, Outcome.DEAD_LETTERED.value, Failure(key, code, explain(code).what_to_do))
        others = [photo for photo in pending if photo not in codes]
        for (key, _), outcome in zip(others, map_in_threads(self._find_outcome, others, _THREADS), strict=True):
            if outcome:
                progress.settle(key, outcome.value)
        return reader.saw_all

    def _find_outcome(self, photo: tuple[str, str]) -> Outcome | None:
        key, etag = photo
        source = SourceObject(bucket=self.stage.outputs.input_bucket, key=key, etag=etag)
        if self.photos.is_done(source):
            return Outcome.PROCESSED
        found = {SourceState.GONE: Outcome.GONE, SourceState.OVERWRITTEN: Outcome.SUPERSEDED}
        return found.get(self.photos.source_state(source))


@dataclass(kw_only=True)
class Follower:
    """Wait for the outcomes of a job.

    Attributes:
        receive: returns the next digests; its argument is how many seconds to wait.
        patience_seconds: without news for this long, pending photos become `no-outcome`.
        watch: called often while waiting; raises to end the job.
        lookup: finds outcomes without digests; None to wait for digests only.
        quiet_seconds: without news for this long, and with an empty queue, the rest is looked up.
        sure_seconds: between two lookups; SQS's counts are late by up to a minute.
        event_seconds: without news for this long, a photo that two lookups did not find is lost.
    """

    progress: JobProgress
    receive: Callable[[int], Iterable[BatchDigest]]
    patience_seconds: float
    watch: Callable[[], None] = lambda: None
    lookup: OutcomeLookup | None = None
    quiet_seconds: float = 15.0
    sure_seconds: float = SQS_COUNT_SECONDS + 30.0
    event_seconds: float = LATE_EVENT_SECONDS + SQS_COUNT_SECONDS
    _stop: threading.Event = field(default_factory=threading.Event)
    _listener: "Future[None]" = field(default_factory=Future)
    _last_lookup: float = 0.0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Receive digests in a thread while the block runs; raise its error after the block."""
        with ThreadPoolExecutor(1, thread_name_prefix="digests") as thread:
            self._listener = thread.submit(self._listen)
            try:
                yield
            finally:
                self._stop.set()
            self._listener.result()

    def wait_until(self, condition: Callable[[], bool], on_progress: Callable[[], None]) -> bool:
        """Wait for a condition; return False when the listener has failed."""
        while not self._listener.done():
            self.watch()
            if condition():
                return True
            on_progress()
            time.sleep(POLL_SECONDS / 4)
            self._check_silence()
        return False

    def _listen(self) -> None:
        while not self._stop.is_set():
            for digest in self.receive(POLL_SECONDS):
                for result in digest.results:
                    self.progress.add_result(result)

    def _check_silence(self) -> None:
        now = time.monotonic()
        silence_seconds = now - self.progress.last_news
        if silence_seconds > self.patience_seconds:
            self._give_up(LATE)
        elif self.lookup and silence_seconds > self.quiet_seconds and now - self._last_lookup > self.sure_seconds:
            self._look_up(self.lookup, silence_seconds)
            self._last_lookup = time.monotonic()

    def _look_up(self, lookup: OutcomeLookup, silence_seconds: float) -> None:
        """Look the pending photos up; give them up when their events cannot come any more."""
        if lookup.stage.queue.depth().all:
            return
        before, is_second = self.progress.waiting, self._last_lookup > self.progress.last_news
        saw_all = lookup.settle(self.progress)
        is_over = is_second and silence_seconds > self.event_seconds
        if is_over and saw_all and self.progress.waiting == before:
            self._give_up(LOST)

    def _give_up(self, advice: str) -> None:
        for key, _ in self.progress.pending():
            self.progress.settle(key, NO_OUTCOME, Failure(key, NO_OUTCOME, advice))
