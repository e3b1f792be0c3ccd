"""Count and report a job's uploads, outcomes and failures, and hold the photos without an outcome."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult
from processing.wording import count_of, human_bytes
from scripts.cli.failures import MAX_EXAMPLES, NO_OUTCOME, NOT_COPIED, Failure, group_failures, group_lines
from scripts.cli.output import Report, Table
from scripts.cli.units import human_duration

# Up to so many failures, the terminal names every photo.
MAX_NAMED = 20
# Further failures are only counted, so that memory stays bounded when everything fails.
MAX_FAILURES_KEPT = 10_000

# Called with the key of each photo that has an outcome, and with the digest's record of it, if there is one.
OnSettled = Callable[[str, RecordResult | None], object]


@dataclass
class JobProgress:
    """Counts of one job; safe to use from several threads.

    Attributes:
        on_settled: called for each photo that needs no more waiting; must not block.
        advise: returns what to do about a failure code, at the place where the job runs.
        done_before: photos that an earlier run has done.
        unchanged: files that were in the bucket already.
        bytes_out: size of the outputs that digests reported.
        upload_seconds: from the first upload to the latest.
        failures: the first ten thousand.
        failed: how many there are.
        last_news: time of the latest upload or outcome, in monotonic seconds.
        local_failures: failures on this machine by code; no digest reports these.
    """

    on_settled: OnSettled = field(default=lambda *_: None, repr=False)
    advise: Callable[[FailureCode], str] = field(default=lambda code: code.what_to_do, repr=False)
    uploaded: int = 0
    done_before: int = 0
    unchanged: int = 0
    not_uploaded: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    upload_seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    failed: int = 0
    last_news: float = field(default_factory=time.monotonic)
    local_failures: Counter[str] = field(default_factory=Counter)
    _started: float = 0.0
    _settled_at: float = 0.0
    _etags: dict[str, str] = field(default_factory=dict)
    _early_results: dict[str, dict[str, RecordResult]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def waiting(self) -> int:
        """Count the photos that are being uploaded or have no outcome yet."""
        return len(self._etags)

    @property
    def settled(self) -> int:
        """Count the photos that have an outcome, could not be uploaded, or were done before."""
        return self.outcomes.total() + self.not_uploaded + self.done_before

    @property
    def ready(self) -> int:
        """Count the photos whose outputs are complete."""
        return self.outcomes[Outcome.PROCESSED.value] + self.done_before

    @property
    def upload_rate(self) -> str:
        return f"{human_bytes(round(self.bytes_in / max(self.upload_seconds, 0.001)))}/s"

    @property
    def photo_rate(self) -> str:
        """Return the outcomes a second, from the first upload to the latest outcome."""
        seconds = self._settled_at - self._started
        return f"{self.outcomes.total() / seconds:.1f} photos/s" if seconds > 0 else "0.0 photos/s"

    def pending(self) -> list[tuple[str, str]]:
        """List key and eTag of each uploaded photo without an outcome."""
        with self._lock:
            return [(key, etag) for key, etag in self._etags.items() if etag]

    def expect(self, key: str) -> None:
        """Accept results for a key whose upload begins: its digest may arrive before its eTag is known."""
        with self._lock:
            self._started = self._started or time.monotonic()
            self._etags[key] = ""
            self._early_results[key] = {}

    def note_uploaded(self, size_bytes: int) -> None:
        with self._lock:
            self.uploaded += 1
            self.bytes_in += size_bytes
            self.last_news = time.monotonic()

    def note_done_before(self) -> None:
        with self._lock:
            self.done_before += 1

    def note_unchanged(self) -> None:
        with self._lock:
            self.unchanged += 1

    def note_not_uploaded(self, failure: Failure) -> None:
        """Count a file that could not be uploaded, and stop waiting for it."""
        with self._lock:
            self._etags.pop(failure.key, None)
            self._early_results.pop(failure.key, None)
            self.not_uploaded += 1
            self._add_local_failure(failure)
            self.on_settled(failure.key, None)

    def follow(self, key: str, etag: str) -> None:
        """Wait for the outcome of an object that is in the bucket."""
        with self._lock:
            self._etags[key] = etag
            early = self._early_results.pop(key, {})
            if etag in early:
                self._settle_by_result(key, early[etag])

    def add_result(self, result: RecordResult) -> None:
        """Take one record of a digest; ignore other keys and versions, and outcomes that are not final."""
        source = result.source
        with self._lock:
            if source is None or source.key not in self._etags:
                return
            self.last_news = time.monotonic()
            if not result.outcome.is_final:
                return
            if source.key in self._early_results:
                self._early_results[source.key][source.etag] = result
            elif self._etags[source.key] == source.etag:
                self._settle_by_result(source.key, result)

    def settle(self, key: str, outcome: str, failure: Failure | None = None) -> None:
        """Set the outcome of a photo that no digest reported."""
        with self._lock:
            if self._etags.pop(key, None) is not None:
                self._count(outcome)
                if failure and failure.code == NO_OUTCOME:
                    self._add_local_failure(failure)
                elif failure:
                    self._add_failure(failure)
                self.on_settled(key, None)

    def note_not_copied(self, result: RecordResult, failure: Failure) -> None:
        """Replace the outcome of a photo whose outputs could not be copied by `not-copied`."""
        with self._lock:
            self.outcomes -= Counter({result.outcome.value: 1})  # unlike subtract, this leaves no zeros
            self.bytes_out -= result.bytes_out
            self._count(NOT_COPIED)
            self._add_local_failure(failure)

    def _settle_by_result(self, key: str, result: RecordResult) -> None:
        del self._etags[key]
        code = result.code if result.outcome.is_failure else None
        self._count(result.outcome.value)
        if code:
            self._add_failure(Failure(key, code.value, self.advise(code), result.detail))
        self.bytes_out += result.bytes_out
        self.on_settled(key, result)

    def _count(self, outcome: str) -> None:
        self.outcomes[outcome] += 1
        self.last_news = self._settled_at = time.monotonic()

    def _add_local_failure(self, failure: Failure) -> None:
        self.local_failures[failure.code] += 1
        self._add_failure(failure)

    def _add_failure(self, failure: Failure) -> None:
        self.failed += 1
        if len(self.failures) < MAX_FAILURES_KEPT:
            self.failures.append(failure)


def job_report(progress: JobProgress, bucket: str, *, not_done: int = 0) -> Report:
    """Report uploads and outcomes.

    Args:
        progress: of the job.
        bucket: the input bucket's name.
        not_done: photos without an outcome that nothing else counts.
    """
    took = f"in {human_duration(timedelta(seconds=progress.upload_seconds))} ({progress.upload_rate})"
    files = f"{count_of(progress.uploaded, 'file')} ({human_bytes(progress.bytes_in)})"
    report: list[str | Table] = [f"Uploaded {files} to {bucket} {took}."]
    if progress.done_before:
        report.append(f"{progress.done_before:,} done before and unchanged: skipped.")
    if progress.unchanged:
        report.append(f"{progress.unchanged:,} unchanged: left out.")
    outcomes = sorted(progress.outcomes.items(), key=lambda item: (-item[1], item[0]))
    if not_done:
        outcomes.append(("not done", not_done))
    return [*report, "", Table(("outcome", "photos"), outcomes)] if outcomes else report


def failure_lines(progress: JobProgress) -> list[str]:
    """Explain each failure code once: reason, advice, and the photos or a few of them."""
    max_names = MAX_NAMED if progress.failed <= MAX_NAMED else MAX_EXAMPLES
    lines = group_lines(group_failures(progress.failures), max_names)
    if progress.failed > len(progress.failures):
        lines += ["", f"Only the first {len(progress.failures):,} failures were kept."]
    return lines
