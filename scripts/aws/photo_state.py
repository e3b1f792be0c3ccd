"""What S3 says about a photo: whether the source is still the one that a message means, and whether it is done."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ParamValidationError

from processing.commit_marker import Marker
from processing.outcomes import SourceObject
from processing.output_keys import MAX_KEY_BYTES, document_key

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class SourceState(StrEnum):
    """What became of a source object since its event."""

    SAME = "same"
    OVERWRITTEN = "overwritten"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Photos:
    """Both buckets of a stage.

    Attributes:
        s3: a boto3 S3 client.
        output_bucket: where the outputs are.
        fingerprint: of the settings that outputs should be made with.
    """

    s3: "S3Client"
    output_bucket: str
    fingerprint: str

    def source_state(self, source: SourceObject) -> SourceState:
        """Whether the source object is still there and still has the eTag that the message names.

        Unknown when S3 would not say: a message can name anyone's bucket, or what is no bucket at all.
        """
        try:
            answer = self.s3.head_object(Bucket=source.bucket, Key=source.key)
        except ClientError as error:
            if is_missing(error):
                return SourceState.GONE
            if http_status(error) in (400, 403):
                return SourceState.UNKNOWN
            raise
        except ParamValidationError:
            return SourceState.UNKNOWN
        is_same = not source.etag or answer["ETag"].strip('"') == source.etag
        return SourceState.SAME if is_same else SourceState.OVERWRITTEN

    def marker(self, key: str) -> Marker | None:
        """The commit marker of a source key; None when there is none."""
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
        """Whether all outputs of this version of the source are there, made with today's settings."""
        marker = self.marker(source.key)
        return marker is not None and marker.matches(Marker.of(source, self.fingerprint))


def is_missing(error: ClientError) -> bool:
    """Whether S3 said that there is no such object."""
    return http_status(error) == 404


def http_status(error: ClientError) -> int:
    """The status of AWS's answer."""
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
