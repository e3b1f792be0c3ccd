"""Processes the S3 records of one message; what then becomes of the message is up to `settled_messages`."""

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

NOTHING_STORED = SourceResult(Outcome.PROCESSED)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One S3 record after it was processed or failed; one for the whole message when that is malformed.

    Attributes:
        body: a message body for a dead letter of its own.
        source: None for a malformed message.
        processed: the result, unless it failed.
        failure: None unless it failed.
        milliseconds: wall time by stage.
    """

    body: str
    source: SourceObject | None
    processed: SourceResult = NOTHING_STORED
    failure: DarkroomError | None = None
    milliseconds: Mapping[str, int] = field(default_factory=dict)

    def report(self, message_id: str, disposition: Disposition) -> RecordResult:
        """Return the result to report, once it is decided what is done with the message."""
        result = RecordResult(
            message_id=message_id,
            source=self.source,
            outcome=self.processed.outcome,
            outputs=self.processed.outputs,
            bytes_in=self.processed.bytes_in,
            bytes_out=self.processed.bytes_out,
            milliseconds=self.milliseconds,
        )
        if self.failure is None:
            return result
        return replace(
            result,
            outcome=outcome_of(self.failure, disposition),
            code=self.failure.code,
            detail=self.failure.detail,
            bytes_in=self.source.size_bytes if self.source else 0,
        )


@dataclass(frozen=True, kw_only=True)
class MessageHandler:
    """Processes the messages of one invocation.

    Attributes:
        processor: processes one source object.
        deadline: when all photos must be done.
        admission: admits photos that will probably be done before the deadline.
    """

    processor: SourceProcessor
    deadline: Deadline
    admission: AdmissionQueue

    def with_half_the_time(self) -> "MessageHandler":
        """Return a handler that starts only what will probably be done in half of the time."""
        return replace(self, admission=self.admission.until(self.deadline.halved()))

    def handle(self, message: Message) -> list[Attempt]:
        """Process each S3 record of a message; failures become part of the attempts."""
        if message.malformed:
            return [Attempt(body=message.body, source=None, failure=message.malformed)]
        return [self._attempt(message, record) for record in message.records]

    def _attempt(self, message: Message, record: S3Record) -> Attempt:
        stopwatch = Stopwatch()
        attempt = Attempt(body=record.body, source=record.source, milliseconds=stopwatch.milliseconds)
        try:
            with self.admission.admit():
                processed = self.processor.process(record.source, self.deadline, stopwatch)
        except DarkroomError as failure:
            return replace(attempt, failure=failure)
        except Exception as error:  # noqa: BLE001 (an unexpected failure of one record must not fail the batch)
            logger.exception("Unexpected failure", message_id=message.message_id, key=record.source.key)
            return replace(attempt, failure=RetryableError(FailureCode.INTERNAL_ERROR, type(error).__name__))
        if processed.outcome is Outcome.PROCESSED:
            self._record_durations(stopwatch)
        return replace(attempt, processed=processed)

    def _record_durations(self, stopwatch: Stopwatch) -> None:
        # Ignore durations after the deadline; Lambda may have been frozen.
        if not self.deadline.is_over:
            self.admission.estimate.record(
                render_seconds=stopwatch.seconds("process"), transfer_seconds=stopwatch.seconds("download", "upload")
            )


def out_of_time(message: Message) -> list[Attempt]:
    """Return the attempts of a message that could not be processed before the deadline."""
    failure = RetryableError(FailureCode.OUT_OF_TIME, "the batch's time ran out")
    if message.malformed:
        return [Attempt(body=message.body, source=None, failure=failure)]
    return [Attempt(body=record.body, source=record.source, failure=failure) for record in message.records]
