"""Source objects in, outputs out: all that the function asks of S3.

For a new photo: one HEAD (the commit marker), one GET, and one PUT per output. More only when someone else was there.
"""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from handlers.aws_errors import error_code, failures_named, http_status
from handlers.time_budget import Deadline
from processing.commit_marker import Marker
from processing.failures import FailureCode, PermanentError, RetryableError
from processing.outcomes import Outcome, SourceObject

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# So much of a slow body may still arrive after a deadline, before it is looked at again.
CHUNK_BYTES = 64 * 1024
# Every lost round means that another writer finished one; more than two writers of one key at once are rare already.
MAX_ROUNDS = 5


class NothingToDoError(Exception):
    """The source needs no work any more: `duplicate`, `superseded` or `gone`."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome


class OlderOutputError(Exception):
    """An output of an earlier version lies there, and what should be stored was not made to replace it."""


@dataclass(frozen=True)
class StoredOutput:
    """An output as it lies in the bucket: its own eTag (for a conditional replacement) and its marker."""

    etag: str
    marker: Marker


@dataclass(frozen=True)
class Storage:
    """S3 as the function uses it.

    Attributes:
        s3: an S3 client.
        output_bucket: where outputs go.
    """

    s3: "S3Client"
    output_bucket: str

    def head(self, key: str) -> StoredOutput | None:
        """Asks what lies under an output key; None when nothing does."""
        with failures_named("looking for earlier outputs"):
            try:
                answer = self.s3.head_object(Bucket=self.output_bucket, Key=key)
            except ClientError as error:
                if http_status(error) == 404:
                    return None
                raise
        return StoredOutput(answer["ETag"], Marker.from_metadata(answer["Metadata"]))

    def fetch(self, source: SourceObject, into: Path, max_bytes: int, deadline: Deadline) -> int:
        """Downloads a source object as its event named it.

        Args:
            source: what the event named.
            into: the local file to write.
            max_bytes: refused above it, before the body is read.
            deadline: given up after it, at the next chunk: a body that trickles in never runs into the client's own
                timeout.

        Returns:
            Its size in bytes.

        Raises:
            NothingToDoError: `superseded` (overwritten since; a newer message exists) or `gone` (deleted since).
            PermanentError: `empty-object`, `too-many-bytes`, `source-archived`.
            RetryableError: S3 failed, throttled, denied, or broke off half way; `out-of-time`.
        """
        with failures_named("reading the source object"):
            answer = self._get(source)
            with closing(answer["Body"]) as body:
                check_size(answer["ContentLength"], max_bytes)
                with into.open("wb") as file:
                    for chunk in body.iter_chunks(CHUNK_BYTES):
                        file.write(chunk)
                        deadline.require(0, "reading the source object")
        return int(answer["ContentLength"])

    def _get(self, source: SourceObject) -> Any:
        condition = {"IfMatch": f'"{source.etag}"'} if source.etag else {}
        try:
            return self.s3.get_object(Bucket=source.bucket, Key=source.key, **condition)  # type: ignore[arg-type]
        except ClientError as error:
            if http_status(error) == 412:
                raise NothingToDoError(Outcome.SUPERSEDED) from error
            # Not any 404: a missing bucket is a mistake in the deployment, and no reason to drop the message.
            if error_code(error) in ("NoSuchKey", "NoSuchVersion", "404"):
                raise NothingToDoError(Outcome.GONE) from error
            raise

    def store(self, key: str, file: Path, content_type: str, marker: Marker, *, may_replace: bool) -> None:
        """Stores one output unless a newer one lies there, whoever comes first.

        Args:
            key: the output's.
            file: what to store.
            content_type: of the output.
            marker: which version it was made from.
            may_replace: whether it carries that version's mark; only then are its bytes, and so its eTag, told apart
                from those of all other versions.

        Raises:
            OlderOutputError: it would have to replace one of an earlier version, and may not.
            NothingToDoError: `superseded`, when the output there was made from a later version of the source.
            RetryableError: S3 failed, throttled or denied.
        """
        condition = {"IfNoneMatch": "*"}
        with failures_named("storing an output"):
            for _ in range(MAX_ROUNDS):
                if self._put(key, file, content_type, marker, condition):
                    return
                there = self.head(key)
                if there and there.marker == marker:
                    return  # our own earlier attempt, or a twin that works on the same event
                if there and marker.is_older_than(there.marker):
                    raise NothingToDoError(Outcome.SUPERSEDED)
                if there and not may_replace:
                    raise OlderOutputError
                condition = {"IfMatch": there.etag} if there else {"IfNoneMatch": "*"}
        raise RetryableError(FailureCode.STORAGE_UNAVAILABLE, f"lost {MAX_ROUNDS} races for an output")

    def _put(self, key: str, file: Path, content_type: str, marker: Marker, condition: dict[str, str]) -> bool:
        """Puts if the condition holds; answers whether it did."""
        try:
            with file.open("rb") as body:
                self.s3.put_object(
                    Bucket=self.output_bucket,
                    Key=key,
                    Body=body,
                    ContentType=content_type,
                    Metadata=marker.to_metadata(),
                    **condition,  # type: ignore[arg-type]
                )
        except ClientError as error:
            # 412: the condition does not hold; 409: another write was under way; 404: it was deleted since our HEAD.
            if http_status(error) in (409, 412) or (http_status(error) == 404 and "IfMatch" in condition):
                return False
            raise
        return True


def check_size(size_bytes: int, max_bytes: int) -> None:
    """Refuses what is not worth a download.

    Raises:
        PermanentError: `empty-object` or `too-many-bytes`.
    """
    if size_bytes == 0:
        raise PermanentError(FailureCode.EMPTY_OBJECT, "0 bytes")
    if size_bytes > max_bytes:
        raise PermanentError(FailureCode.TOO_MANY_BYTES, f"{size_bytes:,} bytes, the limit is {max_bytes:,}")
