"""Find out whether a file is in the bucket already, unchanged: by size, then by checksum.

Our own uploads store the file's SHA-256 in the object's metadata. Of any other object the eTag is the MD5, except
after a multipart upload or with a KMS key: then nothing can be compared, and the file is uploaded again.
"""

import re
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scripts.aws.parallel import map_in_threads
from scripts.aws.photo_state import is_missing
from scripts.cli.failures import Failure
from scripts.photo_job.photo_folder import Files, FileState, LocalFile, error_reason, not_uploaded
from scripts.photo_job.uploader import SHA256, Uploader, file_checksum

_MD5_ETAG = re.compile(r"[0-9a-f]{32}")


def compare_all(uploader: Uploader, files: Files) -> Generator[LocalFile | Failure]:
    """Set the state of each file, several at once; yield in the files' order."""
    return map_in_threads(lambda file: _compare(uploader, file), files, uploader.threads)


def set_state(file: LocalFile, head: Mapping[str, Any]) -> LocalFile:
    """Compare a file with the object under its key.

    Args:
        file: the file; read only if the sizes agree.
        head: HeadObject's response.

    Raises:
        OSError: it cannot be read.
    """
    etag = head["ETag"].strip('"')
    is_same = head["ContentLength"] == file.size_bytes and _has_same_content(file.path, etag, head["Metadata"])
    return replace(file, state=FileState.UNCHANGED if is_same else FileState.CHANGED, etag=etag)


def _compare(uploader: Uploader, file: LocalFile | Failure) -> LocalFile | Failure:
    if isinstance(file, Failure):
        return file
    try:
        return set_state(file, uploader.s3.head_object(Bucket=uploader.bucket, Key=file.key))
    except (OSError, ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and is_missing(error):
            return file
        return not_uploaded(file.key, error_reason(error))


def _has_same_content(path: Path, etag: str, metadata: Mapping[str, str]) -> bool:
    if SHA256 in metadata:
        return metadata[SHA256] == file_checksum(path, SHA256)
    return bool(_MD5_ETAG.fullmatch(etag)) and etag == file_checksum(path, "md5")
