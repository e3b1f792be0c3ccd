"""What is known so far of a job: which photos are on their way, which have an outcome, and when news last came."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from processing.digest.roll_up import BatchDigest
from processing.outcomes import RecordResult

NOT_UPLOADED = "not-uploaded"
NO_OUTCOME = "no-outcome"
NOT_COPIED = "not-copied"
_OF_THE_LAPTOP = (NOT_UPLOADED, NO_OUTCOME, NOT_COPIED)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One photo that did not come out.

    Attributes:
        key: the photo's key.
        code: a failure code, or one of the job's own: `not-uploaded`, `no-outcome`, `not-copied`.
        what_to_do: for people.
    """

    key: str
    code: str
    what_to_do: str


@dataclass
class Tally:
    """Counts, kept by several threads.

    Attributes:
        expected: how many photos the job has.
        digests: every digest so far.
    """

    expected: int
    uploaded: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    digests: list[BatchDigest] = field(default_factory=list)
    waiting: set[str] = field(default_factory=set)
    settled_keys: set[str] = field(default_factory=set, repr=False)
    last_news: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def failed_on_the_laptop(self) -> dict[str, int]:
        """How many photos failed here and not in the service, by code: no digest tells of them."""
        with self.lock:
            return {code: self.outcomes[code] for code in _OF_THE_LAPTOP if code in self.outcomes}

    @property
    def settled(self) -> int:
        return len(self.settled_keys)

    @property
    def is_complete(self) -> bool:
        return self.settled >= self.expected

    @property
    def seconds_since_news(self) -> float:
        return time.monotonic() - self.last_news

    def note_started(self, key: str) -> None:
        """A photo is about to be uploaded: from now on an outcome may come."""
        with self.lock:
            if key not in self.settled_keys:
                self.waiting.add(key)

    def note_uploaded(self, size_bytes: int) -> None:
        with self.lock:
            self.uploaded += 1
            self.bytes_in += size_bytes
            self.last_news = time.monotonic()

    def note_digest(self, digest: BatchDigest) -> None:
        """Keeps a digest for the closing account; any digest is news, even one of retries."""
        with self.lock:
            self.digests.append(digest)
            self.last_news = time.monotonic()

    def note_result(self, result: RecordResult) -> bool:
        """Takes one record of a digest; answers whether it is this photo's first final outcome."""
        with self.lock:
            if result.source is None or not result.outcome.is_final or result.source.key not in self.waiting:
                return False
            self._settle(result.source.key)
            self.outcomes[result.outcome.value] += 1
            self.bytes_out += result.bytes_out
            if result.outcome.is_failure and result.code:
                self.failures.append(
                    Failure(key=result.source.key, code=result.code.value, what_to_do=result.code.what_to_do)
                )
            return True

    def note_failure(self, failure: Failure) -> None:
        """A photo that failed on the laptop's side, before or instead of an outcome; only its first failure counts."""
        with self.lock:
            if failure.key in self.settled_keys:
                return
            self._settle(failure.key)
            self.outcomes[failure.code] += 1
            self.failures.append(failure)
            self.last_news = time.monotonic()

    def note_not_copied(self, result: RecordResult, failure: Failure) -> None:
        """A photo whose outcome counted already, but whose outputs could not be brought to the laptop."""
        with self.lock:
            self.outcomes -= Counter({result.outcome.value: 1})  # unlike subtract, this leaves no zeros
            self.outcomes[failure.code] += 1
            self.bytes_out -= result.bytes_out
            self.failures.append(failure)

    def _settle(self, key: str) -> None:
        self.waiting.discard(key)
        self.settled_keys.add(key)
