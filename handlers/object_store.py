"""Calls S3: downloads source objects and stores outputs.

A new photo takes one HEAD (the commit marker), one GET, and one PUT per output; more only when two invocations work on
one key.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import Enum, auto
from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from handlers.aws_errors import aws_failures, error_code, http_status
from handlers.time_budget import Deadline
from processing.commit_marker import Commit, Marker
from processing.failures import FailureCode, PermanentError, RetryableError
from processing.outcomes import Outcome, SourceObject

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# Chunk size of a download; the deadline is checked after each chunk.
CHUNK_BYTES = 64 * 1024
# Conditional PUTs for one output; each that fails means that another invocation stored it.
MAX_PUT_ATTEMPTS = 5


class StoreResult(Enum):
    """The result of storing an output."""

    STORED = auto()
    EARLIER_EXISTS = auto()  # an output of an earlier version exists, and the commit must not replace it
    LATER_EXISTS = auto()  # of a later version, or of an unknown one after the source was overwritten


@dataclass(frozen=True)
class StoredOutput:
    """An output in the bucket: its own eTag, for a conditional PUT, and its marker."""

    etag: str
    marker: Marker


@dataclass(frozen=True)
class ObjectStore:
    """The input and the output bucket."""

    s3: "S3Client"
    output_bucket: str

    def head(self, key: str) -> StoredOutput | None:
        """Return the output under a key; None when there is none."""
        with aws_failures("looking for earlier outputs"):
            try:
                answer = self.s3.head_object(Bucket=self.output_bucket, Key=key)
            except ClientError as error:
                if http_status(error) == 404:
                    return None
                raise
        return StoredOutput(answer["ETag"], Marker.from_metadata(answer["Metadata"]))

    def download(self, source: SourceObject, into: IO[bytes], max_bytes: int, deadline: Deadline) -> Outcome | None:
        """Download a source object in the version that its event names.

        Args:
            source: as its event names it.
            into: the file to write; what is in it is overwritten.
            max_bytes: larger objects are refused before the body is read.
            deadline: checked after each chunk, because a slow body does not meet the client's own timeout.

        Returns:
            None; `superseded` when it was overwritten (a newer message exists), `gone` when it was deleted.

        Raises:
            PermanentError: `empty-object`, `too-many-bytes`, `source-archived`.
            RetryableError: S3 failed, throttled, denied, or ended the body early; `out-of-time`.
        """
        with aws_failures("reading the source object"):
            answer = self._get(source)
            if isinstance(answer, Outcome):
                return answer
            with closing(answer["Body"]) as body:
                check_size(answer["ContentLength"], max_bytes)
                into.seek(0)
                into.truncate()
                for chunk in body.iter_chunks(CHUNK_BYTES):
                    into.write(chunk)
                    deadline.require(0, "reading the source object")
        return None

    def _get(self, source: SourceObject) -> Any:
        condition = {"IfMatch": f'"{source.etag}"'} if source.etag else {}
        try:
            return self.s3.get_object(Bucket=source.bucket, Key=source.key, **condition)  # type: ignore[arg-type]
        except ClientError as error:
            if http_status(error) == 412:
                return Outcome.SUPERSEDED
            # Not every 404: a missing bucket is a mistake in the deployment, and the message must stay.
            if error_code(error) in ("NoSuchKey", "NoSuchVersion", "404"):
                return Outcome.GONE
            raise

    def store(
        self,
        source: SourceObject,
        key: str,
        file: IO[bytes],
        commit: Commit,
        *,
        headers: Mapping[str, str],
        metadata: Mapping[str, str],
    ) -> StoreResult:
        """Store one output unless one of a later version exists; safe with concurrent writers.

        An output of an earlier version is replaced only by a commit whose outputs carry a mark; see `Commit.mark`.

        Args:
            source: the source object.
            key: of the output.
            file: the output.
            commit: the set that it belongs to.
            headers: parameters of PutObject: `ContentType` and others.
            metadata: user metadata beside the marker's.

        Raises:
            RetryableError: S3 failed, throttled or denied.
        """
        condition = {"IfNoneMatch": "*"}
        with aws_failures("storing an output"):
            for _ in range(MAX_PUT_ATTEMPTS):
                if self._put(key, file, headers, {**metadata, **commit.marker.to_metadata()}, condition):
                    return StoreResult.STORED
                stored = self.head(key)
                if stored and stored.marker.is_repeated_by(commit.marker) and not commit.marker.sequencer:
                    return StoreResult.STORED  # by the event of the same version
                if stored and stored.marker == commit.marker:
                    return StoreResult.STORED  # by an earlier attempt, or by another delivery of the same event
                if stored and self._is_older(source, commit.marker, stored.marker):
                    return StoreResult.LATER_EXISTS
                if stored and not commit.replaces:
                    return StoreResult.EARLIER_EXISTS
                condition = {"IfMatch": stored.etag} if stored else {"IfNoneMatch": "*"}
        raise RetryableError(
            FailureCode.STORAGE_UNAVAILABLE,
            f"{MAX_PUT_ATTEMPTS} conditional PUTs failed: other invocations stored the same output",
        )

    def _is_older(self, source: SourceObject, marker: Marker, stored: Marker) -> bool:
        """Compare sequencers; without both, ask S3 whether the source was overwritten since its event."""
        if marker.has_order(stored):
            return marker.is_older_than(stored)
        return not self._is_current(source)

    def _is_current(self, source: SourceObject) -> bool:
        if not source.etag:
            return False  # the event names no version: it may be an earlier one
        try:
            self.s3.head_object(Bucket=source.bucket, Key=source.key, IfMatch=f'"{source.etag}"')
        except ClientError as error:
            if http_status(error) in (404, 412):
                return False
            raise
        return True

    def _put(
        self,
        key: str,
        file: IO[bytes],
        headers: Mapping[str, str],
        metadata: Mapping[str, str],
        condition: Mapping[str, str],
    ) -> bool:
        """Send a conditional PUT; return False when the condition does not hold."""
        try:
            file.seek(0)
            self.s3.put_object(
                Bucket=self.output_bucket,
                Key=key,
                Body=file,
                Metadata=metadata,
                **headers,  # type: ignore[arg-type]
                **condition,  # type: ignore[arg-type]
            )
        except ClientError as error:
            # 412: the condition does not hold; 409: a concurrent PUT; 404: deleted since the HEAD.
            if http_status(error) in (409, 412) or (http_status(error) == 404 and "IfMatch" in condition):
                return False
            raise
        return True


def check_size(size_bytes: int, max_bytes: int) -> None:
    """Raise PermanentError for an empty or too large source object, before its download."""
    if size_bytes == 0:
        raise PermanentError(FailureCode.EMPTY_OBJECT, "0 bytes")
    if size_bytes > max_bytes:
        raise PermanentError(FailureCode.TOO_MANY_BYTES, f"{size_bytes:,} bytes, the limit is {max_bytes:,}")
