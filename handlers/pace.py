"""How long the next photo will probably take, learnt from the last ones in this container."""

import threading
from collections import deque

# Before the first photo: a large one on a cold decoder.
FIRST_GUESS_SECONDS = 4.0
REMEMBERED = 20
MARGIN = 1.5


class Pace:
    """Remembers how long recent photos took, and expects the next one to be like the slowest of them."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=REMEMBERED)
        self._lock = threading.Lock()

    def note(self, seconds: float) -> None:
        """A photo took so long, waiting for others included."""
        with self._lock:
            self._seconds.append(seconds)

    @property
    def expected_seconds(self) -> float:
        """With a margin: a photo started in vain costs more than one that waits for the next batch."""
        with self._lock:
            return max(self._seconds, default=FIRST_GUESS_SECONDS) * MARGIN
