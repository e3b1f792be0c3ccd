"""Upload a stream of files and follow each photo to its outcome: what `start` and `upload` share."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from scripts.aws.parallel import map_in_threads
from scripts.cli.failures import Failure
from scripts.photo_job.follower import Follower
from scripts.photo_job.photo_folder import Files, FileState, LocalFile, error_reason, not_uploaded
from scripts.photo_job.progress import JobProgress
from scripts.photo_job.uploader import Uploader


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


@dataclass(frozen=True, kw_only=True)
class PhotoJob:
    """A folder of photos on its way through the service.

    Attributes:
        follower: waits for outcomes; None to upload only.
        window: bounds the photos in flight; needs a follower. None for no bound.
    """

    uploader: Uploader
    progress: JobProgress
    follower: Follower | None = None
    window: UploadWindow | None = None

    def following(self) -> AbstractContextManager[None]:
        """Receive digests while the block runs."""
        return self.follower.listening() if self.follower else nullcontext()

    def upload(self, files: Files, on_progress: Callable[[], None]) -> None:
        """Upload the files; return when all are uploaded, or when no digest can be received any more."""
        start = time.monotonic()
        admitted = self._admit(files, on_progress)
        with closing(map_in_threads(self._transfer, admitted, self.uploader.threads)) as transfers:
            for _ in transfers:
                self.progress.upload_seconds = time.monotonic() - start
                on_progress()

    def wait(self, on_progress: Callable[[], None]) -> None:
        """Wait until every uploaded photo has an outcome."""
        if self.follower:
            self.follower.wait_until(lambda: not self.progress.waiting, on_progress)

    def _admit(self, files: Files, on_progress: Callable[[], None]) -> Generator[LocalFile | Failure]:
        """Yield each file as soon as it fits into the window."""
        for file in files:
            if isinstance(file, LocalFile) and not self._wait_for_room(file, on_progress):
                return
            yield file

    def _wait_for_room(self, file: LocalFile, on_progress: Callable[[], None]) -> bool:
        if self.window is None or self.follower is None:
            return True
        window = self.window
        return self.follower.wait_until(lambda: window.try_enter(file.key, file.size_bytes), on_progress)

    def _transfer(self, file: LocalFile | Failure) -> None:
        if isinstance(file, Failure):
            self.progress.note_not_uploaded(file)
            return
        try:
            etag = self._upload_if_changed(file)
        except (OSError, ValueError, ClientError, BotoCoreError, Boto3Error) as error:
            self.progress.note_not_uploaded(not_uploaded(file.key, error_reason(error)))
            return
        if self.follower:
            self.progress.follow(file.key, etag)

    def _upload_if_changed(self, file: LocalFile) -> str:
        if file.state is FileState.UNCHANGED:
            self.progress.note_unchanged()
            return file.etag
        if self.follower:
            self.progress.expect(file.key)
        etag = self.uploader.upload(file)
        self.progress.note_uploaded(file.size_bytes)
        return etag
