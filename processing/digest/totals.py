"""What a digest tells, in numbers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from processing.outcomes import Outcome, RecordResult


class Status(StrEnum):
    """The whole digest in one word: what the message attribute `status` says, and filter policies ask for."""

    OK = "ok"
    RETRYING = "retrying"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The results of one batch, or of many.

    Attributes:
        results: those known one by one.
        unlisted: those that are only counted, because a batch's digest had no room to list them.
        unlisted_bytes_in: size of their sources.
        unlisted_bytes_out: size of their outputs.
        batches: how many batches these are.
        unreadable: how many reports could not be read; what they said is missing here.
    """

    results: tuple[RecordResult, ...]
    unlisted: Mapping[Outcome, int] = field(default_factory=dict)
    unlisted_bytes_in: int = 0
    unlisted_bytes_out: int = 0
    batches: int = 1
    unreadable: int = 0

    @cached_property
    def counts(self) -> dict[Outcome, int]:
        """How many of each outcome; every outcome is named."""
        listed = Counter(result.outcome for result in self.results)
        return {outcome: listed[outcome] + self.unlisted.get(outcome, 0) for outcome in Outcome}

    @property
    def all(self) -> int:
        return sum(self.counts.values())

    @property
    def messages(self) -> int:
        """How many results are about a message that named no photo."""
        return sum(result.source is None for result in self.results)

    @property
    def ready(self) -> int:
        return self.counts[Outcome.PROCESSED]

    @property
    def failed(self) -> int:
        return sum(number for outcome, number in self.counts.items() if outcome.is_failure)

    @property
    def waiting(self) -> int:
        return sum(number for outcome, number in self.counts.items() if not outcome.is_final)

    @cached_property
    def bytes_in(self) -> int:
        return sum(result.bytes_in for result in self.results) + self.unlisted_bytes_in

    @cached_property
    def bytes_out(self) -> int:
        return sum(result.bytes_out for result in self.results) + self.unlisted_bytes_out

    @property
    def failures(self) -> list[RecordResult]:
        """The failures that are known one by one."""
        return [result for result in self.results if result.outcome.is_failure]

    @property
    def status(self) -> Status:
        """An unreadable report may have told of a failure: those who ask for failures only hear of it too."""
        if self.failed or self.unreadable:
            return Status.FAILED
        return Status.RETRYING if self.waiting else Status.OK
