"""One message, from its body to what becomes of it: the rows of the table "What becomes of a message"."""

from dataclasses import dataclass, replace

from handlers.admission import Line
from handlers.claims import Claims
from handlers.object_store import NothingToDoError
from handlers.observability import logger
from handlers.process_source import Delivered, Delivery
from handlers.source_queue import Queue
from handlers.sqs_message import Message
from handlers.stopwatch import Stopwatch
from handlers.time_budget import Deadline
from processing.failures import DarkroomError, FailureCode, PermanentError, RetryableError
from processing.message_outcome import Disposition, decide, outcome_of
from processing.outcomes import Outcome, RecordResult, SourceObject
from processing.s3_events import parse_message, split_message


@dataclass(frozen=True)
class Verdict:
    """What became of a message.

    Attributes:
        results: one per S3 record; a single one without a source for a malformed message.
        is_done: whether the message may be acknowledged; otherwise it becomes a batch item failure.
    """

    results: tuple[RecordResult, ...]
    is_done: bool


@dataclass(frozen=True)
class Attempt:
    """How one S3 record went, before anything is decided about its message."""

    result: RecordResult
    failure: DarkroomError | None = None


@dataclass(frozen=True, kw_only=True)
class MessageHandler:
    """Handles the messages of one invocation.

    Attributes:
        delivery: does the work on one source object.
        queue: where messages wait, and where they go when they are given up.
        max_receive_count: the queue's `maxReceiveCount`.
        request_id: the Lambda request, for the dead letters.
        deadline: when every verdict must be there.
        line: admits what can still be finished.
        claims: which messages are settled already.
    """

    delivery: Delivery
    queue: Queue
    max_receive_count: int
    request_id: str
    deadline: Deadline
    line: Line
    claims: Claims

    def with_half_the_time(self) -> "MessageHandler":
        """The same, but only what will probably be finished in half of the time is begun."""
        return replace(self, line=self.line.until(self.deadline.halved()))

    def handle(self, message: Message) -> Verdict | None:
        """Works through a message and settles it; never raises for what is in it.

        Returns:
            None when it was abandoned meanwhile.
        """
        try:
            attempts = [self._attempt(message, source) for source in parse_message(message.body)]
        except PermanentError as malformed:
            attempts = [_failed(message, None, malformed)]
        return self._settle(message, attempts) if self.claims.take(message.message_id) else None

    def abandon(self, message: Message) -> Verdict | None:
        """Settles a message whose work did not end in time.

        Returns:
            None when it is being settled, because its work did end.
        """
        return self._settle(message, _out_of_time(message)) if self.claims.take(message.message_id) else None

    def leave(self, message: Message) -> Verdict:
        """The verdict when there is no time even to settle a message: SQS brings it back by its own clock."""
        attempts = _out_of_time(message)
        return Verdict(tuple(_concluded(attempt, Disposition.BACK_OFF) for attempt in attempts), is_done=False)

    def _attempt(self, message: Message, source: SourceObject) -> Attempt:
        """Delivers one source object; whatever goes wrong becomes a failure with a code."""
        stopwatch = Stopwatch()
        try:
            with self.line.join():
                delivered = self.delivery.deliver(source, self.deadline, stopwatch)
        except NothingToDoError as reason:
            return _attempted(message, source, stopwatch, reason.outcome)
        except DarkroomError as failure:
            return _failed(message, source, failure, stopwatch)
        except Exception as error:  # noqa: BLE001 (one record's surprise must not cost its batch-mates)
            logger.exception("Unexpected failure", message_id=message.message_id, key=source.key)
            surprise = RetryableError(FailureCode.INTERNAL_ERROR, type(error).__name__)
            return _failed(message, source, surprise, stopwatch)
        self._note_pace(stopwatch)
        return _attempted(message, source, stopwatch, Outcome.PROCESSED, delivered)

    def _note_pace(self, stopwatch: Stopwatch) -> None:
        # After the deadline Lambda may have frozen us in the middle of a request: that hour was no photo's.
        if not self.deadline.is_over:
            self.line.pace.note(
                render_seconds=stopwatch.seconds("process"), transfer_seconds=stopwatch.seconds("download", "upload")
            )

    def _settle(self, message: Message, attempts: list[Attempt]) -> Verdict:
        """Decides about the message and carries it out."""
        failures = [attempt.failure for attempt in attempts if attempt.failure]
        disposition = decide(failures, receive_count=message.receive_count, max_receive_count=self.max_receive_count)
        if disposition is Disposition.GIVE_UP and not self._give_up(message, attempts):
            # The DLQ did not take it. SQS keeps the message: nothing is lost, at worst the reason.
            disposition = Disposition.BACK_OFF
        if disposition is Disposition.BACK_OFF:
            self.queue.back_off(message)
        elif disposition is Disposition.SHOW_AT_ONCE:
            self.queue.show_at_once(message)
        is_done = disposition in (Disposition.ACKNOWLEDGE, Disposition.GIVE_UP)
        return Verdict(tuple(_concluded(attempt, disposition) for attempt in attempts), is_done)

    def _give_up(self, message: Message, attempts: list[Attempt]) -> bool:
        """Sends a dead letter for each failed S3 record; answers whether all of them were taken."""
        taken = True
        for attempt in attempts:
            if attempt.failure:
                source = attempt.result.source
                body = split_message(message.body)[source] if source else message.body
                taken &= self.queue.dead_letter(message, body, source, attempt.failure, self.request_id)
        return taken


def _out_of_time(message: Message) -> list[Attempt]:
    failure = RetryableError(FailureCode.OUT_OF_TIME, "the batch's time ran out")
    try:
        return [_failed(message, source, failure) for source in parse_message(message.body)]
    except PermanentError:
        return [_failed(message, None, failure)]


def _attempted(
    message: Message, source: SourceObject, stopwatch: Stopwatch, outcome: Outcome, delivered: Delivered | None = None
) -> Attempt:
    result = RecordResult(
        message_id=message.message_id, source=source, outcome=outcome, milliseconds=stopwatch.milliseconds
    )
    if delivered:
        result = replace(result, outputs=delivered.outputs, bytes_in=delivered.bytes_in, bytes_out=delivered.bytes_out)
    return Attempt(result)


def _failed(
    message: Message, source: SourceObject | None, failure: DarkroomError, stopwatch: Stopwatch | None = None
) -> Attempt:
    result = RecordResult(
        message_id=message.message_id,
        source=source,
        outcome=Outcome.RETRYING,
        code=failure.code,
        detail=failure.detail,
        bytes_in=source.size_bytes if source else 0,
        milliseconds=stopwatch.milliseconds if stopwatch else {},
    )
    return Attempt(result, failure)


def _concluded(attempt: Attempt, disposition: Disposition) -> RecordResult:
    if attempt.failure is None:
        return attempt.result
    return replace(attempt.result, outcome=outcome_of(attempt.failure, disposition))
