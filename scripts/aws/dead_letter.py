"""Dead letters: messages of the DLQ with the reason they carry."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from processing import dead_letter
from processing.failures import DarkroomError, Explanation, FailureCode, Family
from processing.outcomes import SourceObject
from processing.s3_events import parse_message
from scripts.aws.sqs_message import Message

NO_REASON = "no-reason"
CODES = (*(code.value for code in FailureCode), NO_REASON)

_SQS_GAVE_UP = Explanation(
    Family.RETRYABLE,
    "SQS gave it up itself: each time, the function crashed, timed out or could not run at all.",
    "Look into the function's log and its Errors and Throttles alarms, fix the cause, then redrive.",
)
_UNKNOWN_CODE = Explanation(
    Family.RETRYABLE,
    "These scripts do not know the code.",
    "Look at it with the version that is deployed.",
)


def explain(code: str) -> Explanation:
    """What a code of a dead letter means, and what to do."""
    if code == NO_REASON:
        return _SQS_GAVE_UP
    return FailureCode(code).explanation if code in CODES else _UNKNOWN_CODE


@dataclass(frozen=True)
class DeadLetter:
    """One message of the DLQ."""

    message: Message

    @property
    def id(self) -> str:
        return self.message.id

    @property
    def was_moved_by_sqs(self) -> bool:
        """Whether SQS's redrive policy moved it. It has no reason then: one that it still carries is of an earlier
        life, from before it was redriven, and says nothing about this one.
        """
        return "DeadLetterQueueSourceArn" in self.message.system

    @property
    def code(self) -> str:
        """Its failure code, or `no-reason`."""
        return (not self.was_moved_by_sqs and self.message.text(dead_letter.FAILURE_CODE)) or NO_REASON

    @property
    def is_permanent(self) -> bool:
        """Whether the same message would fail the same way again."""
        return explain(self.code).family is Family.PERMANENT

    @property
    def message_id(self) -> str:
        """The id it had in the source queue, which logs and digests know it by."""
        return self.id if self.was_moved_by_sqs else self.message.text(dead_letter.MESSAGE_ID)

    @property
    def sent_at(self) -> datetime:
        return self.message.sent_at

    @cached_property
    def sources(self) -> tuple[SourceObject, ...]:
        """The source objects that its body names; none when it is malformed."""
        try:
            return parse_message(self.message.body)
        except DarkroomError:
            return ()

    @property
    def key(self) -> str:
        """The first source's key; empty when its body names none."""
        return self.sources[0].key if self.sources else ""

    def age(self, now: datetime) -> timedelta:
        return now - self.sent_at
