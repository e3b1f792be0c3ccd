"""How far uploads may run ahead of outcomes."""

import threading


class Window:
    """Bounds what is in flight, in bytes and in photos; a single photo larger than the window passes alone.

    Args:
        max_bytes: of sources together.
        max_photos: of sources together.
    """

    def __init__(self, max_bytes: int, max_photos: int) -> None:
        self._max_bytes = max_bytes
        self._max_photos = max_photos
        self._inside: dict[str, int] = {}
        self._is_wide_open = False
        self._changed = threading.Condition()

    def enter(self, key: str, size_bytes: int) -> None:
        """Waits for room, then takes it."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_room(size_bytes))
            self._inside[key] = size_bytes

    def leave(self, key: str) -> None:
        """Gives the room back."""
        with self._changed:
            self._inside.pop(key, None)
            self._changed.notify_all()

    def open_wide(self) -> None:
        """Lets everyone through, because the job ends."""
        with self._changed:
            self._is_wide_open = True
            self._changed.notify_all()

    def _has_room(self, size_bytes: int) -> bool:
        if self._is_wide_open or not self._inside:
            return True
        return len(self._inside) < self._max_photos and sum(self._inside.values()) + size_bytes <= self._max_bytes
