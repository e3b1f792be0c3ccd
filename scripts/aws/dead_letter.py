"""A dead letter: a message of the DLQ with its failure code and source objects; a table of several."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from processing import dead_letter_attributes
from processing.failures import DarkroomError, Explanation, FailureCode, Family
from processing.outcomes import SourceObject
from processing.s3_events import parse_message
from scripts.aws.sqs_message import StoredMessage
from scripts.cli.output import Table, key_text
from scripts.cli.units import human_duration

NO_REASON = "no-reason"
NO_KEY = "(names no photo)"
DEAD_LETTER_HEADINGS = ("id", "code", "age", "key")
CODES = (*(code.value for code in FailureCode), NO_REASON)

_MOVED_BY_SQS = Explanation(
    Family.RETRYABLE,
    "SQS moved it itself: each time, the function crashed, timed out or could not run at all.",
    "Look into the function's log and its Errors and Throttles alarms, fix the cause, then redrive.",
)
_UNKNOWN_CODE = Explanation(
    Family.RETRYABLE,
    "These scripts do not know the code.",
    "Look at it with the version that is deployed.",
)


def explain(code: str) -> Explanation:
    """Return the meaning of a failure code, and what to do."""
    if code == NO_REASON:
        return _MOVED_BY_SQS
    return FailureCode(code).explanation if code in CODES else _UNKNOWN_CODE


@dataclass(frozen=True)
class DeadLetter:
    """A message of the DLQ."""

    message: StoredMessage

    @property
    def id(self) -> str:
        return self.message.id

    @property
    def was_moved_by_sqs(self) -> bool:
        """True if SQS's redrive policy moved it; its reason attributes then date from before an earlier redrive."""
        return "DeadLetterQueueSourceArn" in self.message.system

    @property
    def code(self) -> str:
        """Its failure code, or `no-reason`."""
        return (not self.was_moved_by_sqs and self.message.text(dead_letter_attributes.FAILURE_CODE)) or NO_REASON

    @property
    def detail(self) -> str:
        """The detail of its reason; empty if SQS moved it."""
        return "" if self.was_moved_by_sqs else self.message.text(dead_letter_attributes.FAILURE_DETAIL)

    @property
    def is_permanent(self) -> bool:
        """True if the same message would fail the same way again."""
        return explain(self.code).family is Family.PERMANENT

    @property
    def message_id(self) -> str:
        """Its id in the source queue, which logs and digests name."""
        return self.id if self.was_moved_by_sqs else self.message.text(dead_letter_attributes.MESSAGE_ID)

    @property
    def sent_at(self) -> datetime:
        return self.message.sent_at

    @cached_property
    def sources(self) -> tuple[SourceObject, ...]:
        """The source objects that its body names; none if it is malformed."""
        try:
            return parse_message(self.message.body)
        except DarkroomError:
            return ()

    @property
    def key(self) -> str:
        """The first source's key; empty if there is none."""
        return self.sources[0].key if self.sources else ""

    def age(self, now: datetime) -> timedelta:
        return now - self.sent_at

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON, without body and attributes."""
        return {
            "id": self.id,
            "message_id": self.message_id,
            "code": self.code,
            "sent_at": self.sent_at.isoformat(),
            "sources": [{"bucket": s.bucket, "key": s.key, "etag": s.etag} for s in self.sources],
        }


def dead_letters_table(letters: Iterable[DeadLetter], now: datetime) -> Table:
    """List dead letters, one line each."""
    return Table(DEAD_LETTER_HEADINGS, [dead_letter_row(letter, now) for letter in letters])


def dead_letter_row(letter: DeadLetter, now: datetime) -> tuple[str, ...]:
    """Return the line of a dead letter under DEAD_LETTER_HEADINGS."""
    return letter.id, letter.code, human_duration(letter.age(now)), _keys(letter)


def _keys(letter: DeadLetter) -> str:
    if not letter.sources:
        return NO_KEY
    more = f" and {len(letter.sources) - 1} more" if len(letter.sources) > 1 else ""
    return key_text(letter.key) + more
