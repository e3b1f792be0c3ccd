"""What is known of an upload job: what is in the bucket, what failed, and what became of each photo."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from processing.outcomes import RecordResult
from scripts.cli.failures import Failure

# Beyond it failures are only counted: memory stays bounded when everything fails.
MAX_FAILURES_KEPT = 10_000


@dataclass
class Job:
    """Counts, kept by several threads.

    Attributes:
        uploaded: files that were uploaded now.
        unchanged: files that were there already.
        bytes_up: size of what was uploaded.
        upload_seconds: how long that took.
        outcomes: how many photos have which outcome.
        failures: files and photos that did not come through, the first ten thousand.
        failed: how many they are.
        last_news: when something was last heard, monotonic seconds.
    """

    uploaded: int = 0
    unchanged: int = 0
    bytes_up: int = 0
    upload_seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    failed: int = 0
    last_news: float = field(default_factory=time.monotonic)
    _etags: dict[str, str] = field(default_factory=dict)
    _too_early: dict[str, dict[str, RecordResult]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def waiting(self) -> int:
        return len(self._etags)

    def pending(self) -> list[tuple[str, str]]:
        """Key and eTag of each photo without an outcome."""
        with self._lock:
            return [(key, etag) for key, etag in self._etags.items() if etag]

    def note_uploaded(self, size_bytes: int) -> None:
        with self._lock:
            self.uploaded += 1
            self.bytes_up += size_bytes

    def note_unchanged(self) -> None:
        with self._lock:
            self.unchanged += 1

    def expect(self, key: str) -> None:
        """An upload begins; its outcome may be heard before its eTag is known here."""
        with self._lock:
            self._etags[key] = ""
            self._too_early[key] = {}

    def follow(self, key: str, etag: str) -> None:
        """A photo is in the bucket: from now on its outcome is waited for."""
        with self._lock:
            self._etags[key] = etag
            heard = self._too_early.pop(key, {})
            if etag in heard:
                self._settle(heard[etag])

    def hear(self, result: RecordResult) -> None:
        """Takes one record of a digest; those of other people's photos are passed over."""
        source = result.source
        with self._lock:
            if source is None or source.key not in self._etags:
                return
            self.last_news = time.monotonic()
            if not result.outcome.is_final:
                return
            if source.key in self._too_early:
                self._too_early[source.key][source.etag] = result
            elif self._etags[source.key] == source.etag:
                self._settle(result)

    def settle(self, key: str, outcome: str, failure: Failure | None = None) -> None:
        """Notes an outcome that was found out in another way than by a digest."""
        with self._lock:
            if self._etags.pop(key, None) is not None:
                self._count(outcome, failure)

    def fail(self, failure: Failure) -> None:
        """A file that could not be uploaded."""
        with self._lock:
            self._etags.pop(failure.key, None)
            self._too_early.pop(failure.key, None)
            self._count("", failure)

    def to_document(self) -> dict[str, Any]:
        failures = [{"key": f.key, "code": f.code, "what_to_do": f.what_to_do} for f in self.failures]
        return {
            "executed": True,
            "uploaded": self.uploaded,
            "unchanged": self.unchanged,
            "bytes": self.bytes_up,
            "outcomes": dict(self.outcomes),
            "waiting": self.waiting,
            "failed": self.failed,
            "failures": failures,
        }

    def _settle(self, result: RecordResult) -> None:
        assert result.source is not None  # noqa: S101 (for the type checker: only such results are passed on)
        key = result.source.key
        del self._etags[key]
        failed = result.outcome.is_failure and result.code
        self._count(result.outcome.value, Failure(key, failed.value, failed.what_to_do) if failed else None)

    def _count(self, outcome: str, failure: Failure | None) -> None:
        self.last_news = time.monotonic()
        if outcome:
            self.outcomes[outcome] += 1
        if failure:
            self.failed += 1
            if len(self.failures) < MAX_FAILURES_KEPT:
                self.failures.append(failure)
