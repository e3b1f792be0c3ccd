"""Decides what is done with a message once each of its S3 records succeeded or failed."""

from collections.abc import Sequence
from enum import Enum, auto

from processing.failures import DarkroomError, FailureCode, Family
from processing.outcomes import Outcome


class Disposition(Enum):
    """The four ways a message can leave the function."""

    ACKNOWLEDGE = auto()
    BACK_OFF = auto()
    RELEASE = auto()
    DEAD_LETTER = auto()


def decide(failures: Sequence[DarkroomError], *, receive_count: int, max_receive_count: int) -> Disposition:
    """Decide about a whole message; it is done when every S3 record in it is done.

    While one record can still be retried, the whole message waits: dead-lettering the others at each receive would
    send them to the DLQ several times.

    Args:
        failures: of the message's S3 records; empty when all succeeded.
        receive_count: attempts so far, this one included.
        max_receive_count: the queue's `maxReceiveCount`; after it SQS itself moves the message, without a reason.
    """
    if not failures:
        return Disposition.ACKNOWLEDGE
    retryable = [failure for failure in failures if failure.code.family is Family.RETRYABLE]
    if not retryable or receive_count >= max_receive_count:
        return Disposition.DEAD_LETTER
    if all(failure.code is FailureCode.OUT_OF_TIME for failure in retryable):
        return Disposition.RELEASE
    return Disposition.BACK_OFF


def outcome_of(failure: DarkroomError, disposition: Disposition) -> Outcome:
    """Return the outcome to report for a failed S3 record of a message."""
    if disposition is Disposition.RELEASE:
        return Outcome.DEFERRED
    if disposition is Disposition.BACK_OFF:
        return Outcome.RETRYING
    return Outcome.DEAD_LETTERED if failure.code.family is Family.PERMANENT else Outcome.EXHAUSTED
