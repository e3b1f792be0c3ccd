"""Bound how far uploads run ahead of outcomes."""

import threading


class UploadWindow:
    """Photos in flight, bounded in bytes and in number; a photo larger than the window passes alone.

    Args:
        max_bytes: of all sources together.
        max_photos: of all sources together.
    """

    def __init__(self, max_bytes: int, max_photos: int) -> None:
        self._max_bytes = max_bytes
        self._max_photos = max_photos
        self._sizes: dict[str, int] = {}
        self._lock = threading.Lock()

    def try_enter(self, key: str, size_bytes: int) -> bool:
        """Take room for a photo; return False when there is none."""
        with self._lock:
            fits = len(self._sizes) < self._max_photos and sum(self._sizes.values()) + size_bytes <= self._max_bytes
            if self._sizes and not fits:
                return False
            self._sizes[key] = size_bytes
            return True

    def leave(self, key: str) -> None:
        """Give a photo's room back."""
        with self._lock:
            self._sizes.pop(key, None)
