"""An `SqsQueue` and a `PhotoStates` in memory, with failures that the test chooses."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from processing.outcomes import SourceObject
from scripts.aws.photo_state import SourceState
from scripts.aws.sqs_message import StoredMessage
from scripts.aws.sqs_queue import BatchOutcome, Depth
from tests.support.dead_letters import received


@dataclass
class FakeQueue:
    """Hides what is received until it is released, and keeps the bodies that are sent.

    Attributes:
        visible: messages to receive, by id.
        hidden: received messages, by receipt handle.
        bodies: what was sent.
        refuses: bodies that it does not take and receipt handles that it does not delete.
        fails_at: sending raises `error` once so many bodies were sent; None for never.
        fails_late: take the batch before raising.
        error: what sending raises.
        depths: what `depth` reports, call by call; the last one stays. Without them, the real numbers.
        elsewhere: messages that another reader holds.
    """

    visible: dict[str, StoredMessage] = field(default_factory=dict)
    hidden: dict[str, StoredMessage] = field(default_factory=dict)
    bodies: list[str] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    fails_at: int | None = None
    fails_late: bool = False
    error: type[BaseException] = ConnectionError
    depths: list[int] = field(default_factory=list)
    elsewhere: int = 0
    url: str = "the-queue"
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def receive(self, *, visibility_timeout_seconds: int, wait_seconds: int) -> list[StoredMessage]:
        with self._lock:
            received = list(self.visible.values())[:10]
            for message in received:
                self.hidden[message.receipt_handle] = self.visible.pop(message.id)
        return received

    def send(self, messages: Sequence[StoredMessage]) -> BatchOutcome:
        with self._lock:
            return self._send(messages)

    def _send(self, messages: Sequence[StoredMessage]) -> BatchOutcome:
        fails = self.fails_at is not None and len(self.bodies) >= self.fails_at
        if fails and not self.fails_late:
            raise self.error
        outcome = BatchOutcome()
        for position, message in enumerate(messages):
            if message.body in self.refuses:
                outcome.failed[position] = "InvalidMessageContents"
            else:
                self.bodies.append(message.body)
                outcome.done[position] = f"new-{message.body}"
        if fails:
            raise self.error
        return outcome

    def delete(self, receipt_handles: Sequence[str]) -> BatchOutcome:
        outcome = BatchOutcome()
        with self._lock:
            for position, handle in enumerate(receipt_handles):
                if handle in self.refuses:
                    outcome.failed[position] = "InternalError"
                else:
                    del self.hidden[handle]
                    outcome.done[position] = {}
        return outcome

    def change_visibility(self, receipt_handles: Sequence[str], seconds: int) -> None:
        with self._lock:
            for handle in receipt_handles if not seconds else ():
                message = self.hidden.pop(handle)
                self.visible[message.id] = message

    def depth(self) -> Depth:
        if self.depths:
            return Depth(self.depths.pop(0) if len(self.depths) > 1 else self.depths[0], self.elsewhere, 0)
        return Depth(len(self.visible), len(self.hidden) + self.elsewhere, 0)


def queue_with(ids: Iterable[str]) -> FakeQueue:
    """Make a queue with a dead letter for each id."""
    return FakeQueue(visible={letter_id: received(letter_id, f"{letter_id}.jpg").message for letter_id in ids})


@dataclass
class FakePhotoStates:
    """Source states by key, and the keys whose outputs are complete."""

    states: Mapping[str, SourceState] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def is_done(self, source: SourceObject) -> bool:
        return source.key in self.done

    def source_state(self, source: SourceObject) -> SourceState:
        return self.states.get(source.key, SourceState.SAME)
