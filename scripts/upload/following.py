"""Follows uploaded photos to their outcomes: by the digests, and where a digest is missing by what is there.

A digest can be missing: it was sent while the subscription was still being made, or could not be sent at all, which
never fails a batch. So when the queue is empty and no news come, the rest is looked up: in the output bucket, in the
DLQ, in the input bucket. What is in none of them has no outcome and is reported as such.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from processing.outcomes import Outcome, SourceObject
from scripts.aws.dead_letter import explain
from scripts.aws.digest_subscription import DigestSubscription
from scripts.aws.dlq_reader import read_dlq
from scripts.aws.photo_state import PhotoStates, SourceState
from scripts.aws.sqs_queue import SqsQueue
from scripts.cli.failures import Failure
from scripts.start.progress import NO_OUTCOME
from scripts.upload.job import Job

POLL_SECONDS = 1
LOST = "Neither in the queue nor in the DLQ, and not done: `npm run reconcile` finds it and sends it again."
LATE = "No news for too long. The queue may be long, or the function may not run: look at its alarms and its log."


@dataclass(frozen=True, kw_only=True)
class Follower:
    """Waits for the outcomes of a job.

    Attributes:
        job: what is known, and where news go.
        watch: the digests.
        photos: both buckets.
        queue: the queue that feeds the function.
        dlq: its DLQ.
        bucket: the input bucket's name.
        patience_seconds: without news for so long, waiting ends.
        quiet_seconds: without news for so long, and with an empty queue, the rest is looked up.
        sure_seconds: between two lookups that find nothing; longer than SQS's figures are late.
    """

    job: Job
    watch: DigestSubscription
    photos: PhotoStates
    queue: SqsQueue
    dlq: SqsQueue
    bucket: str
    patience_seconds: float
    quiet_seconds: float = 15.0
    sure_seconds: float = 90.0

    @contextmanager
    def listening(self) -> Iterator[Callable[[Callable[[int], None]], None]]:
        """Takes digests in while the block runs; yields what waits for the rest, which reports its progress."""
        stop = threading.Event()
        with ThreadPoolExecutor(1, thread_name_prefix="digests") as thread:
            listener = thread.submit(self._listen, stop)
            try:
                yield lambda on_progress: self._wait(listener.done, on_progress)
            finally:
                stop.set()
            listener.result()

    def _listen(self, stop: threading.Event) -> None:
        while not stop.is_set():
            for digest in self.watch.receive(POLL_SECONDS):
                for result in digest.results:
                    self.job.hear(result)

    def _wait(self, has_listener_ended: Callable[[], bool], on_progress: Callable[[int], None]) -> None:
        last_lookup = 0.0
        while self.job.waiting and not has_listener_ended():
            on_progress(self.job.waiting)
            time.sleep(POLL_SECONDS / 4)
            silence = time.monotonic() - self.job.last_news
            if silence > self.patience_seconds:
                self._give_up(LATE)
            elif silence > self.quiet_seconds and time.monotonic() - last_lookup > self.sure_seconds:
                self._look_up(is_second=last_lookup > self.job.last_news)
                last_lookup = time.monotonic()

    def _look_up(self, *, is_second: bool) -> None:
        """Settles what can be settled without a digest; a second time in a row without news, the rest is lost."""
        if self.queue.depth().all:
            return
        with read_dlq(self.dlq) as reader:
            codes = {(s.key, s.etag): letter.code for letter in reader.dead_letters() for s in letter.sources}
        before = self.job.waiting
        for key, etag in self.job.pending():
            if (key, etag) in codes:
                code = codes[key, etag]
                failure = Failure(key, code, explain(code).what_to_do)
                self.job.settle(key, Outcome.DEAD_LETTERED.value, failure)
            elif outcome := self._outcome(SourceObject(bucket=self.bucket, key=key, etag=etag)):
                self.job.settle(key, outcome)
        if is_second and self.job.waiting == before:
            self._give_up(LOST)

    def _outcome(self, source: SourceObject) -> str:
        if self.photos.is_done(source):
            return Outcome.PROCESSED.value
        state = self.photos.source_state(source)
        found = {SourceState.GONE: Outcome.GONE.value, SourceState.OVERWRITTEN: Outcome.SUPERSEDED.value}
        return found.get(state, "")

    def _give_up(self, why: str) -> None:
        for key, _ in self.job.pending():
            self.job.settle(key, NO_OUTCOME, Failure(key, NO_OUTCOME, why))
