"""What is done with a message once each of its S3 records succeeded or failed."""

from collections.abc import Sequence
from enum import Enum, auto

from processing.failures import DarkroomError, FailureCode, Family
from processing.outcomes import Outcome


class Disposition(Enum):
    """The four ways a message can leave the function."""

    ACKNOWLEDGE = auto()
    BACK_OFF = auto()
    SHOW_AT_ONCE = auto()
    GIVE_UP = auto()


def decide(failures: Sequence[DarkroomError], *, receive_count: int, max_receive_count: int) -> Disposition:
    """Decides about a whole message: it is done when every S3 record in it is done.

    While one record may still be cured by waiting, the message waits as a whole: giving up the others at each round
    would send them to the DLQ several times.

    Args:
        failures: of the message's S3 records; empty when all went well.
        receive_count: attempts so far, this one included.
        max_receive_count: the queue's `maxReceiveCount`; SQS itself would move the message, without a reason, after it.
    """
    if not failures:
        return Disposition.ACKNOWLEDGE
    retryable = [failure for failure in failures if failure.code.family is Family.RETRYABLE]
    if not retryable or receive_count >= max_receive_count:
        return Disposition.GIVE_UP
    if all(failure.code is FailureCode.OUT_OF_TIME for failure in retryable):
        return Disposition.SHOW_AT_ONCE
    return Disposition.BACK_OFF


def outcome_of(failure: DarkroomError, disposition: Disposition) -> Outcome:
    """How a failed S3 record is reported under what is done with its message."""
    if disposition is Disposition.SHOW_AT_ONCE:
        return Outcome.DEFERRED
    if disposition is Disposition.BACK_OFF:
        return Outcome.RETRYING
    return Outcome.DEAD_LETTERED if failure.code.family is Family.PERMANENT else Outcome.EXHAUSTED
