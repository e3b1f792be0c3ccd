"""The counts and sizes that a digest reports."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult


class Status(StrEnum):
    """The message attribute `status`, for filter policies."""

    OK = "ok"
    RETRYING = "retrying"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The results of one or more batches.

    Attributes:
        results: those listed one by one.
        unlisted: those that are only counted, because a batch's digest had no room to list them.
        unlisted_bytes_in: size of their sources.
        unlisted_bytes_out: size of their outputs.
        batches: the number of batches.
        unreadable: the number of batch digests that could not be read; their results are missing here.
        unnamed: those of `unlisted` whose code is known.
        repeated: the number of batches that an earlier summary may have reported.
        has_more: batches are left for the next summary.
    """

    results: tuple[RecordResult, ...]
    unlisted: Mapping[Outcome, int] = field(default_factory=dict)
    unlisted_bytes_in: int = 0
    unlisted_bytes_out: int = 0
    batches: int = 1
    unreadable: int = 0
    unnamed: Mapping[tuple[Outcome, FailureCode | None], int] = field(default_factory=dict)
    repeated: int = 0
    has_more: bool = False

    @cached_property
    def counts(self) -> dict[Outcome, int]:
        """Count each outcome, those that did not occur included."""
        listed = Counter(result.outcome for result in self.results)
        return {outcome: listed[outcome] + self.unlisted.get(outcome, 0) for outcome in Outcome}

    @property
    def all(self) -> int:
        return sum(self.counts.values())

    @property
    def messages(self) -> int:
        """Count the results of messages that named no photo."""
        unnamed = sum(count for (_, code), count in self.unnamed.items() if code is FailureCode.MALFORMED_MESSAGE)
        return sum(result.source is None for result in self.results) + unnamed

    @property
    def ready(self) -> int:
        return self.counts[Outcome.PROCESSED]

    @property
    def ignored(self) -> int:
        """Count the files of operating systems, which are no photos."""
        return self.counts[Outcome.IGNORED]

    @property
    def failed(self) -> int:
        return sum(number for outcome, number in self.counts.items() if outcome.is_failure)

    @property
    def waiting(self) -> int:
        return sum(number for outcome, number in self.counts.items() if not outcome.is_final)

    @property
    def bytes_in(self) -> int:
        return sum(result.bytes_in for result in self.results) + self.unlisted_bytes_in

    @property
    def bytes_out(self) -> int:
        return sum(result.bytes_out for result in self.results) + self.unlisted_bytes_out

    @property
    def status(self) -> Status:
        # An unreadable digest may have reported a failure, so it counts as one.
        if self.failed or self.unreadable:
            return Status.FAILED
        return Status.RETRYING if self.waiting else Status.OK
