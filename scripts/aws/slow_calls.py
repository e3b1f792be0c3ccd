"""Says on stderr which call AWS does not answer, so that a dead endpoint is no silent wait.

botocore makes several attempts, each with timeouts of its own: that can take minutes.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any

from scripts.cli.output import Screen

FIRST_NOTE_SECONDS = 8.0
NOTE_EVERY_SECONDS = 30.0
_POLL_SECONDS = 0.5
_LONG_OPERATIONS = {"PutObject", "UploadPart"}  # they take as long as the file is large


@dataclass
class _Call:
    what: str
    start: float
    next_note: float
    error: str = ""


class SlowCalls:
    """Watches the calls of clients; a thread runs while one is under way."""

    def __init__(self) -> None:
        self._calls: dict[int, _Call] = {}
        self._lock = threading.Lock()
        self._is_watching = False

    def watch(self, client: Any) -> None:
        """Report calls of this boto3 client that take long."""
        events, endpoint = client.meta.events, client.meta.endpoint_url

        def begin(model: Any, context: Any, **_: Any) -> None:
            if model.name not in _LONG_OPERATIONS:
                self._begin(id(context), f"{endpoint} ({model.name})")

        events.register("before-call.*.*", begin)
        events.register("needs-retry.*.*", self._note_attempt)
        events.register("after-call.*.*", self._end)
        events.register("after-call-error.*.*", self._end)

    def _begin(self, key: int, what: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._calls[key] = _Call(what, now, now + FIRST_NOTE_SECONDS)
            if not self._is_watching:
                self._is_watching = True
                threading.Thread(target=self._run, daemon=True).start()

    def _note_attempt(self, request_dict: Any, caught_exception: BaseException | None = None, **_: Any) -> None:
        call = self._calls.get(id(request_dict["context"]))
        if call and caught_exception:
            call.error = str(caught_exception)

    def _end(self, context: Any, **_: Any) -> None:
        with self._lock:
            self._calls.pop(id(context), None)

    def _run(self) -> None:
        while True:
            time.sleep(_POLL_SECONDS)
            with self._lock:
                if not self._calls:
                    self._is_watching = False
                    return
                oldest = min(self._calls.values(), key=lambda call: call.start)
            self._note(oldest)

    def _note(self, call: _Call) -> None:
        now = time.monotonic()
        if now >= call.next_note:
            call.next_note = now + NOTE_EVERY_SECONDS
            why = call.error or "no answer"
            Screen().note(f"Still waiting for {call.what} after {now - call.start:.0f} s: {why}. Ctrl-C stops.")


SLOW_CALLS = SlowCalls()
