"""The job on the local stack: upload, follow by the digests, copy what came out, free what is done.

The local S3 keeps every body in memory. So uploads stay a bounded window ahead of the outcomes, and a photo's source
and outputs are deleted as soon as they are copied.
"""

import errno
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from processing.digest.json_records import UnreadableDigestError
from processing.digest.roll_up import BatchDigest
from processing.outcomes import RecordResult
from scripts.start.out_folder import OutsideFolderError, place, save
from scripts.start.photo_folder import Photo
from scripts.start.progress import NO_OUTCOME, NOT_COPIED, NOT_UPLOADED, Failure, Tally
from scripts.start.upload_window import Window
from scripts.upload.folder import Unreadable

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

UPLOAD_THREADS = 4
COPY_THREADS = 4
WINDOW_BYTES = 256 * 1024 * 1024
WINDOW_PHOTOS = 200
POLL_SECONDS = 1
_DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, kw_only=True)
class LaptopJob:
    """Takes photos through the deployed stack and brings back what came out.

    Attributes:
        s3: client for both buckets.
        sqs: client for the queue that follows the digests.
        input_bucket: where photos go.
        output_bucket: where outputs come from.
        follow_queue_url: receives every digest's form for machines.
        out: the folder for the outputs.
        patience_seconds: without any news for this long, what has no outcome is given up.
    """

    s3: "S3Client"
    sqs: "SQSClient"
    input_bucket: str
    output_bucket: str
    follow_queue_url: str
    out: Path
    patience_seconds: float

    def run(self, found: Sequence[Photo | Unreadable], tally: Tally, on_progress: Callable[[Tally], None]) -> None:
        """Works until every photo has an outcome or patience runs out; everything it finds out is in the tally."""
        photos = [item for item in found if isinstance(item, Photo)]
        for item in found:
            if isinstance(item, Unreadable):
                tally.note_failure(_not_uploaded(item.name, item.reason))
        window = Window(WINDOW_BYTES, WINDOW_PHOTOS)
        stopping = threading.Event()
        with ThreadPoolExecutor(UPLOAD_THREADS) as uploads, ThreadPoolExecutor(COPY_THREADS) as copies:
            feeder = threading.Thread(target=self._feed, args=(photos, uploads, window, tally, stopping), daemon=True)
            feeder.start()
            try:
                self._follow(photos, tally, window, copies, on_progress)
            finally:
                stopping.set()
                window.open_wide()
                uploads.shutdown(cancel_futures=True)
        on_progress(tally)  # what could not be copied is known only now

    def _feed(
        self,
        photos: Sequence[Photo],
        uploads: ThreadPoolExecutor,
        window: Window,
        tally: Tally,
        stopping: threading.Event,
    ) -> None:
        """Hands photos to the upload threads, as far ahead as the window allows."""
        for photo in photos:
            try:
                size_bytes = photo.file.stat().st_size
            except OSError as error:
                tally.note_failure(_not_uploaded(photo.key, error.strerror or type(error).__name__))
                continue
            window.enter(photo.key, size_bytes)
            if stopping.is_set():
                return
            uploads.submit(self._upload, photo, size_bytes, window, tally)

    def _upload(self, photo: Photo, size_bytes: int, window: Window, tally: Tally) -> None:
        tally.note_started(photo.key)
        try:
            with photo.file.open("rb") as body:
                self.s3.put_object(Bucket=self.input_bucket, Key=photo.key, Body=body)
        except (OSError, ValueError, ClientError, BotoCoreError) as error:
            window.leave(photo.key)
            tally.note_failure(_not_uploaded(photo.key, str(error)))
            return
        tally.note_uploaded(size_bytes)

    def _follow(
        self,
        photos: Sequence[Photo],
        tally: Tally,
        window: Window,
        copies: ThreadPoolExecutor,
        on_progress: Callable[[Tally], None],
    ) -> None:
        """Reads digests until the job is over."""
        while not tally.is_complete:
            on_progress(tally)
            for digest in self._receive_digests():
                tally.note_digest(digest)
                for result in digest.results:
                    if tally.note_result(result):
                        copies.submit(self._bring_home, result, window, tally)
            if tally.seconds_since_news > self.patience_seconds:
                self._give_up(photos, tally, window)

    def _receive_digests(self) -> list[BatchDigest]:
        answer = self.sqs.receive_message(
            QueueUrl=self.follow_queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=POLL_SECONDS
        )
        digests = []
        for message in answer.get("Messages", []):
            self.sqs.delete_message(QueueUrl=self.follow_queue_url, ReceiptHandle=message["ReceiptHandle"])
            try:
                digests.append(BatchDigest.from_body(message["Body"]))
            except UnreadableDigestError:
                continue  # not ours; a photo that stays without an outcome is reported as such
        return digests

    def _bring_home(self, result: RecordResult, window: Window, tally: Tally) -> None:
        """Copies a photo's outputs to the laptop and frees the local S3's memory."""
        assert result.source is not None  # noqa: S101 (for the type checker: only such results are passed on)
        key = result.source.key
        try:
            self._copy(key, result, tally)
            self._free(key, result.outputs)
        finally:
            window.leave(key)  # whatever happened: nobody else gives its room back

    def _copy(self, key: str, result: RecordResult, tally: Tally) -> None:
        try:
            for output in result.outputs:
                target = place(self.out, output)
                save(self.s3.get_object(Bucket=self.output_bucket, Key=output)["Body"], target)
        except (OSError, ValueError, OutsideFolderError, ClientError, BotoCoreError) as error:
            tally.note_not_copied(result, Failure(key=key, code=NOT_COPIED, what_to_do=_not_copied(error, self.out)))

    def _free(self, key: str, outputs: Sequence[str]) -> None:
        with suppress(ClientError, BotoCoreError):  # it costs memory, but no photo
            self.s3.delete_object(Bucket=self.input_bucket, Key=key)
            for output in outputs:
                self.s3.delete_object(Bucket=self.output_bucket, Key=output)

    def _give_up(self, photos: Sequence[Photo], tally: Tally, window: Window) -> None:
        """Reports what is on its way; when nothing is, the job is stuck, and all that has no outcome is reported."""
        advice = f"No outcome, and no news of any photo for {self.patience_seconds:.0f} s. The stack's log says why."
        stuck = [photo.key for photo in photos if photo.key not in tally.settled_keys]
        for key in sorted(tally.waiting) or stuck:
            window.leave(key)
            tally.note_failure(Failure(key=key, code=NO_OUTCOME, what_to_do=advice))


def _not_uploaded(key: str, reason: str) -> Failure:
    return Failure(key=key, code=NOT_UPLOADED, what_to_do=f"Could not be uploaded: {reason}")


def _not_copied(error: Exception, out: Path) -> str:
    """Why outputs did not come to the laptop, and what to do."""
    if isinstance(error, OSError) and error.errno in _DISK_IS_FULL:
        return f"{out} is full. Free space or choose another --out, then run the same command again."
    if isinstance(error, OutsideFolderError):
        return f"Not written: {error}. Rename the photo or choose another --out, then run the same command again."
    reason = error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
    return f"Could not be copied to {out}: {reason}. Once that is mended, run the same command again."
