"""Who settles a message: the thread that worked on it, or whoever clears up when the batch's time is over."""

import threading


class Claims:
    """The messages of one invocation that somebody settles already. Settling one twice could bury it twice."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._lock = threading.Lock()

    def take(self, message_id: str) -> bool:
        """Answers whether the caller is the first to ask, and so the one who settles."""
        with self._lock:
            is_first = message_id not in self._taken
            self._taken.add(message_id)
            return is_first
