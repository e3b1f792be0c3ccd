"""Reads from S3 whether a photo's source object is unchanged and its outputs are complete."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

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
            answer = self.s3.head_object(Bucket=source.bucket, Key=source.key)
        except ClientError as error:
            if is_missing(error):
                return SourceState.GONE
            if _http_status(error) in (400, 403):
                return SourceState.UNKNOWN
            raise
        except ParamValidationError:
            return SourceState.UNKNOWN
        is_same = not source.etag or answer["ETag"].strip('"') == source.etag
        return SourceState.SAME if is_same else SourceState.OVERWRITTEN

    def marker(self, key: str) -> Marker | None:
        """Read the commit marker of a source key; return None if there is none."""
        if len(document_key(key).encode()) > MAX_KEY_BYTES:
            return None
        try:
            answer = self.s3.head_object(Bucket=self.output_bucket, Key=document_key(key))
        except ClientError as error:
            if is_missing(error):
                return None
            raise
        return Marker.from_metadata(answer["Metadata"])

    def is_done(self, source: SourceObject) -> bool:
        """Return True if this version of the source has all outputs, with today's settings."""
        marker = self.marker(source.key)
        return marker is not None and marker.matches(Marker.of(source, self.fingerprint))


def is_missing(error: ClientError) -> bool:
    """Return True if S3 answered 404."""
    return _http_status(error) == 404


def _http_status(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
