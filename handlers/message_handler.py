"""Processes the S3 records of one message; `settled_messages` then decides what is done with the message."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from handlers.admission import AdmissionQueue
from handlers.process_source import SourceProcessor, SourceResult
from handlers.reporting import logger
from handlers.sqs_message import Message
from handlers.time_budget import Deadline, Stopwatch
from processing.failures import DarkroomError, FailureCode, RetryableError
from processing.message_outcome import Disposition, outcome_of
from processing.outcomes import Outcome, RecordResult, SourceObject
from processing.s3_events import S3Record
from processing.system_files import system_file

_NO_IMAGE = (FailureCode.UNSUPPORTED_FORMAT, FailureCode.EMPTY_OBJECT, FailureCode.KEY_TOO_LONG)


@dataclass(frozen=True)
class Attempt:
    """An S3 record after an attempt to process it; for a malformed message, the message itself.

    Attributes:
        body: a message body for a dead letter of its own.
        source: None for a malformed message.
        result: how it ended, or its failure.
        milliseconds: wall time by stage.
    """

    body: str
    source: SourceObject | None
    result: SourceResult | DarkroomError
    milliseconds: Mapping[str, int] = field(default_factory=dict)

    @property
    def failure(self) -> DarkroomError | None:
        return self.result if isinstance(self.result, DarkroomError) else None

    def report(self, message_id: str, disposition: Disposition) -> RecordResult:
        """Return the result to report, once it is decided what is done with the message."""
        if isinstance(self.result, DarkroomError):
            return RecordResult(
                message_id=message_id,
                source=self.source,
                outcome=outcome_of(self.result, disposition),
                code=self.result.code,
                detail=self.result.detail,
                bytes_in=self.source.size_bytes if self.source else 0,
                milliseconds=self.milliseconds,
            )
        return RecordResult(
            message_id=message_id, source=self.source, milliseconds=self.milliseconds, **vars(self.result)
        )


@dataclass(frozen=True, kw_only=True)
class MessageHandler:
    """Processes the messages of one invocation before its deadline."""

    processor: SourceProcessor
    deadline: Deadline
    admission: AdmissionQueue

    def with_half_the_time(self) -> "MessageHandler":
        """Return a handler that starts only what will probably be done in half of the time."""
        return replace(self, admission=self.admission.until(self.deadline.halved()))

    def handle(self, message: Message) -> list[Attempt]:
        """Process each S3 record of a message; failures become part of the attempts."""
        if message.malformed:
            return [Attempt(message.body, None, message.malformed)]
        return [self._attempt(record, message.message_id) for record in message.records]

    def _attempt(self, record: S3Record, message_id: str) -> Attempt:
        stopwatch = Stopwatch()
        result: SourceResult | DarkroomError
        try:
            with self.admission.admit():
                result = self.processor.process(record.source, self.deadline, stopwatch)
        except DarkroomError as failure:
            result = SourceResult(Outcome.IGNORED) if _is_system_file(record, failure) else failure
        except Exception as error:  # noqa: BLE001 (an unexpected failure of one record must not fail the batch)
            logger.exception("Unexpected failure", message_id=message_id, key=record.source.key)
            result = RetryableError(FailureCode.INTERNAL_ERROR, type(error).__name__)
        else:
            self._record_durations(result, stopwatch)
        return Attempt(record.body, record.source, result, stopwatch.milliseconds)

    def _record_durations(self, result: SourceResult, stopwatch: Stopwatch) -> None:
        # Ignore durations after the deadline; Lambda may have been frozen.
        if result.outcome is Outcome.PROCESSED and not self.deadline.is_over:
            self.admission.estimate.record(
                render_seconds=stopwatch.seconds("process"), transfer_seconds=stopwatch.seconds("download", "upload")
            )


def _is_system_file(record: S3Record, failure: DarkroomError) -> bool:
    """Return True for `.DS_Store` and the like; a photo under such a name is processed."""
    return failure.code in _NO_IMAGE and bool(system_file(record.source.key))


def out_of_time(message: Message) -> list[Attempt]:
    """Return the attempts of a message that was not processed before the deadline."""
    failure = RetryableError(FailureCode.OUT_OF_TIME, "the batch's time ran out")
    if message.malformed:
        return [Attempt(message.body, None, failure)]
    return [Attempt(record.body, record.source, failure) for record in message.records]
