"""Brings files to the bucket: decides about each, and uploads those that are not there yet."""

import mimetypes
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from scripts.aws.parallel import map_in_threads
from scripts.aws.photo_state import is_missing
from scripts.upload.compare import SHA256, Action, Why, decide, digest
from scripts.upload.folder import LocalFile, Unreadable

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# In parts beyond it. A thread holds one part at a time: 16 threads hold 256 MB at most, and far less of photos.
PART_BYTES = 16 * 1024 * 1024
_IN_PARTS = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, use_threads=False)
# botocore retries every call; an upload that still failed is begun anew, because a network can be gone for a minute.
ATTEMPTS = 3
_PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Uploaded:
    """A file that is in the bucket now.

    Attributes:
        action: what was decided about it.
        etag: of the object.
    """

    action: Action
    etag: str


@dataclass(frozen=True)
class Bucket:
    """The input bucket.

    Attributes:
        s3: a boto3 S3 client.
        name: its name.
        threads: how many files at once.
        sleep: waits so many seconds.
    """

    s3: "S3Client"
    name: str
    threads: int
    sleep: Callable[[float], None] = time.sleep

    def plan(self, files: Iterable[LocalFile | Unreadable]) -> Generator[Action | Unreadable]:
        """Decides about each file; nothing is uploaded yet."""
        return map_in_threads(self._decide, files, self.threads)

    def perform(
        self,
        actions: Iterable[Action | Unreadable],
        on_start: Callable[[str], None],
        on_end: Callable[[Uploaded | Unreadable], None],
    ) -> Generator[None]:
        """Uploads what is not unchanged; yields once for each action.

        Args:
            actions: what was decided.
            on_start: hears the key of each upload before it begins.
            on_end: hears the result of each action as soon as it is there, in the thread that did it.
        """
        return map_in_threads(lambda action: on_end(self._perform(action, on_start)), actions, self.threads)

    def _decide(self, file: LocalFile | Unreadable) -> Action | Unreadable:
        if isinstance(file, Unreadable):
            return file
        try:
            return decide(file, self._head(file.key))
        except (OSError, ClientError, BotoCoreError) as error:
            return Unreadable(file.key, _reason(error))

    def _head(self, key: str) -> "dict[str, object] | None":
        try:
            return dict(self.s3.head_object(Bucket=self.name, Key=key))
        except ClientError as error:
            if is_missing(error):
                return None
            raise

    def _perform(self, action: Action | Unreadable, on_start: Callable[[str], None]) -> Uploaded | Unreadable:
        if isinstance(action, Unreadable):
            return action
        if action.why is Why.UNCHANGED:
            return Uploaded(action, action.etag)
        on_start(action.file.key)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return Uploaded(action, self._upload(action.file))
            except (ClientError, BotoCoreError, Boto3Error) as error:
                if attempt == ATTEMPTS or _is_refusal(error):
                    return Unreadable(action.file.key, _reason(error))
                self.sleep(_PAUSE_SECONDS * 2**attempt)
            except OSError as error:
                return Unreadable(action.file.key, _reason(error))
        raise AssertionError("unreachable")

    def _upload(self, file: LocalFile) -> str:
        """Uploads one file; answers its eTag."""
        metadata = {SHA256: digest(file.path, "sha256")}
        content_type = mimetypes.guess_type(file.key)[0] or "application/octet-stream"
        if file.size_bytes <= PART_BYTES:
            with file.path.open("rb") as body:
                answer = self.s3.put_object(
                    Bucket=self.name, Key=file.key, Body=body, ContentType=content_type, Metadata=metadata
                )
            return answer["ETag"].strip('"')
        extra = {"ContentType": content_type, "Metadata": metadata}
        self.s3.upload_file(str(file.path), self.name, file.key, ExtraArgs=extra, Config=_IN_PARTS)
        return self.s3.head_object(Bucket=self.name, Key=file.key)["ETag"].strip('"')


def _is_refusal(error: Exception) -> bool:
    """Whether S3 said no in a way that will not change."""
    return isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403, 404)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
