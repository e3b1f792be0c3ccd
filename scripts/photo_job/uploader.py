"""Upload files to the input bucket, with their SHA-256 in the objects' metadata."""

import hashlib
import mimetypes
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from scripts.photo_job.photo_folder import LocalFile

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

SHA256 = "sha256"
# Larger files go as multipart uploads. A thread holds one part at a time: 16 threads hold at most 256 MB.
PART_BYTES = 16 * 1024 * 1024
_MULTIPART = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, use_threads=False)
_PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Uploader:
    """The input bucket and how to upload to it.

    Attributes:
        threads: how many files at once.
        attempts: per file; botocore retries each call itself, but a network can be down for a minute.
    """

    s3: "S3Client"
    bucket: str
    threads: int
    attempts: int = 3

    def upload(self, file: LocalFile) -> str:
        """Upload a file and return the object's eTag.

        Raises:
            ClientError: S3 refused it, or every attempt failed.
            BotoCoreError: S3 could not be reached.
            Boto3Error: a part of a multipart upload failed.
            OSError: the file cannot be read.
        """
        for attempt in range(1, self.attempts):
            try:
                return self._put(file)
            except (ClientError, BotoCoreError, Boto3Error) as error:
                if _is_refused(error):
                    raise
                time.sleep(_PAUSE_SECONDS * 2**attempt)
        return self._put(file)

    def _put(self, file: LocalFile) -> str:
        metadata = {SHA256: file_checksum(file.path, SHA256)}
        content_type = mimetypes.guess_type(file.key)[0] or "application/octet-stream"
        if file.size_bytes <= PART_BYTES:
            with file.path.open("rb") as body:
                answer = self.s3.put_object(
                    Bucket=self.bucket, Key=file.key, Body=body, ContentType=content_type, Metadata=metadata
                )
            return answer["ETag"].strip('"')
        extra = {"ContentType": content_type, "Metadata": metadata}
        self.s3.upload_file(str(file.path), self.bucket, file.key, ExtraArgs=extra, Config=_MULTIPART)
        return self.s3.head_object(Bucket=self.bucket, Key=file.key)["ETag"].strip('"')


def file_checksum(path: Path, algorithm: str) -> str:
    """Return a file's checksum in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def _is_refused(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403, 404)
