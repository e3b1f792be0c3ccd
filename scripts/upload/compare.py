"""Find out whether a file is in the bucket already, unchanged: by size, then by checksum.

Our own uploads store the file's SHA-256 in the object's metadata. Of any other object the eTag is the MD5, except
after a multipart upload or with a KMS key: then nothing can be compared, and the file is uploaded again.
"""

import re
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scripts.aws.parallel import map_in_threads
from scripts.aws.photo_state import is_missing
from scripts.photo_job.photo_folder import LocalFile, Unreadable, error_reason
from scripts.photo_job.uploader import SHA256, Uploader, file_checksum

_MD5_ETAG = re.compile(r"[0-9a-f]{32}")


class Why(StrEnum):
    """How a file compares with the object under its key."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class UploadAction:
    """A file, uploaded unless it is unchanged.

    Attributes:
        file: the file.
        why: how it compares with the object.
        etag: of the object; empty when there is none.
    """

    file: LocalFile
    why: Why
    etag: str = ""


def compare_all(uploader: Uploader, files: Iterable[LocalFile | Unreadable]) -> Generator[UploadAction | Unreadable]:
    """Compare each file with the bucket, several at once; yield in the files' order."""
    return map_in_threads(lambda file: _compare(uploader, file), files, uploader.threads)


def decide(file: LocalFile, head: Mapping[str, Any] | None) -> UploadAction:
    """Compare a file with the object under its key.

    Args:
        file: the file; read only if the sizes agree.
        head: HeadObject's response; None when there is no such object.

    Raises:
        OSError: it cannot be read.
    """
    if head is None:
        return UploadAction(file, Why.NEW)
    etag = head["ETag"].strip('"')
    is_same = head["ContentLength"] == file.size_bytes and _has_same_content(file.path, etag, head["Metadata"])
    return UploadAction(file, Why.UNCHANGED if is_same else Why.CHANGED, etag)


def _compare(uploader: Uploader, file: LocalFile | Unreadable) -> UploadAction | Unreadable:
    if isinstance(file, Unreadable):
        return file
    try:
        return decide(file, _head(uploader, file.key))
    except (OSError, ClientError, BotoCoreError) as error:
        return Unreadable(file.key, error_reason(error))


def _head(uploader: Uploader, key: str) -> dict[str, object] | None:
    try:
        return dict(uploader.s3.head_object(Bucket=uploader.bucket, Key=key))
    except ClientError as error:
        if is_missing(error):
            return None
        raise


def _has_same_content(path: Path, etag: str, metadata: Mapping[str, str]) -> bool:
    if SHA256 in metadata:
        return metadata[SHA256] == file_checksum(path, SHA256)
    return bool(_MD5_ETAG.fullmatch(etag)) and etag == file_checksum(path, "md5")
