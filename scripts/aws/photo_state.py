"""Reads from S3 whether a photo's source object is unchanged and its outputs are complete."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ParamValidationError

from processing.commit_marker import Marker
from processing.outcomes import SourceObject
from processing.output_keys import MAX_KEY_BYTES, document_key
from scripts.aws.stage import Stage

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class SourceState(StrEnum):
    """A source object today, compared with the version that a message names."""

    SAME = "same"
    OVERWRITTEN = "overwritten"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PhotoStates:
    """Reads the state of photos from both buckets of a stage.

    Attributes:
        fingerprint: of the settings that outputs should be made with.
    """

    s3: "S3Client"
    output_bucket: str
    fingerprint: str

    @classmethod
    def of(cls, stage: Stage) -> "PhotoStates":
        """Use a stage's output bucket and the settings of its deployed function."""
        return cls(stage.s3, stage.outputs.output_bucket, stage.read_settings().fingerprint)

    def source_state(self, source: SourceObject) -> SourceState:
        """Compare a source object's eTag with the one that a message names.

        UNKNOWN when S3 refuses: a message may name a bucket of another account, or an invalid name.
        """
        try:
            head = head_object(self.s3, source.bucket, source.key)
        except ClientError as error:
            if _http_status(error) in (400, 403):
                return SourceState.UNKNOWN
            raise
        except ParamValidationError:
            return SourceState.UNKNOWN
        if head is None:
            return SourceState.GONE
        is_same = not source.etag or head["ETag"].strip('"') == source.etag
        return SourceState.SAME if is_same else SourceState.OVERWRITTEN

    def marker(self, key: str) -> Marker | None:
        """Read the commit marker of a source key; return None if there is none."""
        head = head_object(self.s3, self.output_bucket, document_key(key))
        return Marker.from_metadata(head["Metadata"]) if head else None

    def is_done(self, source: SourceObject) -> bool:
        """Return True if this version of the source has all outputs, with today's settings."""
        marker = self.marker(source.key)
        return marker is not None and marker.matches(Marker.of(source, self.fingerprint))


def head_object(s3: "S3Client", bucket: str, key: str) -> Any:
    """Return the answer to a HEAD request; None for a missing object, and for a key that none can have."""
    if len(key.encode()) > MAX_KEY_BYTES:
        return None
    try:
        return s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if _http_status(error) == 404:
            return None
        raise


def _http_status(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
