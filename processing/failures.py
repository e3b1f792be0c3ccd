"""Failure codes: one vocabulary for the DLQ attributes, the digest, the metrics, the logs and the scripts.

DarkroomError
├── PermanentError    the same message fails the same way every time: dead-lettered at once
└── RetryableError    waiting may cure it: tried again with a backoff
"""

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """Whether waiting can help."""

    PERMANENT = "permanent"
    RETRYABLE = "retryable"


@dataclass(frozen=True)
class Explanation:
    """What a failure code means and what a person can do about it, each one sentence of plain ASCII."""

    family: Family
    meaning: str
    what_to_do: str


class FailureCode(StrEnum):
    """The public failure codes. Adding one is a feature; changing one breaks people's filters."""

    UNSUPPORTED_FORMAT = "unsupported-format"
    CORRUPT_IMAGE = "corrupt-image"
    TRUNCATED_IMAGE = "truncated-image"
    EMPTY_OBJECT = "empty-object"
    TOO_MANY_BYTES = "too-many-bytes"
    TOO_MANY_PIXELS = "too-many-pixels"
    TOO_MANY_PAGES = "too-many-pages"
    KEY_TOO_LONG = "key-too-long"
    SOURCE_ARCHIVED = "source-archived"
    MALFORMED_MESSAGE = "malformed-message"
    DECODER_CRASHED = "decoder-crashed"
    TOO_SLOW = "too-slow"
    OUT_OF_MEMORY = "out-of-memory"
    THROTTLED = "throttled"
    STORAGE_UNAVAILABLE = "storage-unavailable"
    ACCESS_DENIED = "access-denied"
    DISK_FULL = "disk-full"
    OUT_OF_TIME = "out-of-time"
    INTERNAL_ERROR = "internal-error"

    @property
    def family(self) -> Family:
        return EXPLANATIONS[self].family

    @property
    def meaning(self) -> str:
        return EXPLANATIONS[self].meaning

    @property
    def what_to_do(self) -> str:
        return EXPLANATIONS[self].what_to_do


def _permanent(meaning: str, what_to_do: str) -> Explanation:
    return Explanation(Family.PERMANENT, meaning, what_to_do)


def _retryable(meaning: str, what_to_do: str) -> Explanation:
    return Explanation(Family.RETRYABLE, meaning, what_to_do)


EXPLANATIONS: dict[FailureCode, Explanation] = {
    FailureCode.UNSUPPORTED_FORMAT: _permanent(
        "The file is not an image in a format that Darkroom reads.",
        "Upload a JPEG, PNG, WebP, GIF, TIFF or AVIF.",
    ),
    FailureCode.CORRUPT_IMAGE: _permanent(
        "The file starts like an image but its data is damaged.",
        "Open it on your computer; export it again or upload another copy.",
    ),
    FailureCode.TRUNCATED_IMAGE: _permanent(
        "The file ends before the image does.",
        "The upload or copy was cut off: upload the original again.",
    ),
    FailureCode.EMPTY_OBJECT: _permanent(
        "The file is empty.",
        "Upload the original again.",
    ),
    FailureCode.TOO_MANY_BYTES: _permanent(
        "The file is larger than the limit in bytes.",
        "Upload a smaller file, or raise the limit (maxBytes) and redrive.",
    ),
    FailureCode.TOO_MANY_PIXELS: _permanent(
        "The image has more pixels than the limit.",
        "Upload a smaller image, or raise the limit (maxPixels) and redrive.",
    ),
    FailureCode.TOO_MANY_PAGES: _permanent(
        "The file has more pages or frames than the limit.",
        "Split it, or raise the limit (maxPages) and redrive.",
    ),
    FailureCode.KEY_TOO_LONG: _permanent(
        "The name is so long that its output keys would exceed S3's limit of 1,024 bytes.",
        "Upload it again under a shorter name.",
    ),
    FailureCode.SOURCE_ARCHIVED: _permanent(
        "The source object is in an archive storage class and cannot be read.",
        "Restore it from the archive, then redrive.",
    ),
    FailureCode.MALFORMED_MESSAGE: _permanent(
        "The message is not an S3 event.",
        "Find out who sends to this queue; only the bucket's notifications belong there.",
    ),
    FailureCode.DECODER_CRASHED: _permanent(
        "The image decoder crashed on this file, twice.",
        "Do not trust the file; export it again from its original and upload that.",
    ),
    FailureCode.TOO_SLOW: _permanent(
        "The image exceeded the time limit, twice.",
        "Save it in a simpler form (baseline JPEG), or raise the time limit and redrive.",
    ),
    FailureCode.OUT_OF_MEMORY: _permanent(
        "The image needs more memory than the function has.",
        "Upload a smaller image, or raise the function's memory (memoryMb) and redrive.",
    ),
    FailureCode.THROTTLED: _retryable(
        "AWS throttled Darkroom's requests on every attempt.",
        "Redrive; if it fails again, lower the concurrency.",
    ),
    FailureCode.STORAGE_UNAVAILABLE: _retryable(
        "S3 could not be reached or returned an error on every attempt.",
        "Redrive once S3 has recovered.",
    ),
    FailureCode.ACCESS_DENIED: _retryable(
        "Darkroom was not allowed to read the source object or to store its outputs.",
        "Check the bucket policy, the key policy and the function's role, then redrive.",
    ),
    FailureCode.DISK_FULL: _retryable(
        "The function's ephemeral storage was full.",
        "Raise it (ephemeralStorageMb) or lower the batch size, then redrive.",
    ),
    FailureCode.OUT_OF_TIME: _retryable(
        "No invocation had enough time left to finish this photo.",
        "Redrive; if it fails again, raise the function's timeout or lower the batch size.",
    ),
    FailureCode.INTERNAL_ERROR: _retryable(
        "Darkroom itself failed; the log has the details under the message id.",
        "Search the log for the message id, fix the cause, then redrive.",
    ),
}


class DarkroomError(Exception):
    """A failure of one S3 record.

    Args:
        code: the public failure code.
        detail: one line for people; may quote the key, never bytes of the image, a path or a stack trace.
    """

    def __init__(self, code: FailureCode, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else str(code))
        self.code = code
        self.detail = detail


class PermanentError(DarkroomError):
    """The same input fails the same way every time."""


class RetryableError(DarkroomError):
    """Trying again later may succeed."""
