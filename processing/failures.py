"""Failure codes: one vocabulary for the DLQ attributes, the digest, the metrics, the logs and the scripts.

DarkroomError
├── PermanentError    fails the same way every time: dead-lettered at once
└── RetryableError    may succeed later: retried with a backoff
"""

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """The two families of failure codes."""

    PERMANENT = "permanent"
    RETRYABLE = "retryable"


@dataclass(frozen=True)
class Explanation:
    """The meaning of a failure code and what a person can do about it, each one sentence of plain ASCII."""

    family: Family
    meaning: str
    what_to_do: str


def _permanent(code: str, meaning: str, what_to_do: str) -> tuple[str, Explanation]:
    return code, Explanation(Family.PERMANENT, meaning, what_to_do)


def _retryable(code: str, meaning: str, what_to_do: str) -> tuple[str, Explanation]:
    return code, Explanation(Family.RETRYABLE, meaning, what_to_do)


class FailureCode(StrEnum):
    """The public failure codes. Adding one is a feature; changing one breaks people's filters."""

    explanation: Explanation

    def __new__(cls, code: str, *explanation: Explanation) -> "FailureCode":
        member = str.__new__(cls, code)
        member._value_ = code
        (member.explanation,) = explanation
        return member

    UNSUPPORTED_FORMAT = _permanent(
        "unsupported-format",
        "The file is not an image in a format that Darkroom reads.",
        "Save it as a JPEG or PNG and upload that; leave out what is no photo.",
    )
    CORRUPT_IMAGE = _permanent(
        "corrupt-image",
        "The file starts like an image but its data is damaged.",
        "Open it on your computer; export it again or upload another copy.",
    )
    TRUNCATED_IMAGE = _permanent(
        "truncated-image",
        "The file ends before the image does.",
        "The upload or copy was cut off: upload the original again.",
    )
    EMPTY_OBJECT = _permanent(
        "empty-object",
        "The file is empty.",
        "Upload the original again.",
    )
    TOO_MANY_BYTES = _permanent(
        "too-many-bytes",
        "The file is larger than the limit in bytes.",
        "Upload a smaller file, or raise the limit (maxBytes in settings/STAGE.yml), deploy and redrive.",
    )
    TOO_MANY_PIXELS = _permanent(
        "too-many-pixels",
        "The image has more pixels than the limit.",
        "Upload a smaller image, or raise the limit (maxPixels in settings/STAGE.yml), deploy and redrive.",
    )
    TOO_MANY_PAGES = _permanent(
        "too-many-pages",
        "The file has more pages or frames than the limit.",
        "Split it, or raise the limit (maxPages in settings/STAGE.yml), deploy and redrive.",
    )
    KEY_TOO_LONG = _permanent(
        "key-too-long",
        "The name is so long that its output keys would exceed S3's limit of 1,024 bytes.",
        "Upload it again under a shorter name.",
    )
    SOURCE_ARCHIVED = _permanent(
        "source-archived",
        "The source object is in an archive storage class and cannot be read.",
        "Restore it from the archive, then redrive.",
    )
    MALFORMED_MESSAGE = _permanent(
        "malformed-message",
        "The message is not an S3 event of the input bucket.",
        "Find out who sends to this queue; only the bucket's notifications belong there.",
    )
    DECODER_CRASHED = _permanent(
        "decoder-crashed",
        "The image decoder crashed on this file, twice.",
        "Do not trust the file; export it again from its original and upload that.",
    )
    TOO_SLOW = _permanent(
        "too-slow",
        "The image exceeded the time limit, twice.",
        "Save it in a simpler form (baseline JPEG), or raise the limit (photoTimeoutSeconds in settings/STAGE.yml), "
        "deploy and redrive.",
    )
    OUT_OF_MEMORY = _permanent(
        "out-of-memory",
        "The image needs more memory than the function has.",
        "Upload a smaller image, or raise the memory (memoryMb in settings/STAGE.yml), deploy and redrive.",
    )
    THROTTLED = _retryable(
        "throttled",
        "AWS throttled Darkroom's requests on every attempt.",
        "Redrive; if it fails again, lower the concurrency.",
    )
    STORAGE_UNAVAILABLE = _retryable(
        "storage-unavailable",
        "S3 could not be reached or returned an error on every attempt.",
        "Redrive once S3 has recovered.",
    )
    ACCESS_DENIED = _retryable(
        "access-denied",
        "Darkroom was not allowed to read the source object or to store its outputs.",
        "Check the bucket policy, the key policy and the function's role, then redrive.",
    )
    BUCKET_MISSING = _retryable(
        "bucket-missing",
        "The input or the output bucket does not exist.",
        "Create the bucket again, or deploy with the name of the right one, then redrive.",
    )
    DISK_FULL = _retryable(
        "disk-full",
        "The function's ephemeral storage was full.",
        "Raise it (ephemeralStorageMb in settings/STAGE.yml) or lower the batch size, deploy and redrive.",
    )
    OUT_OF_TIME = _retryable(
        "out-of-time",
        "No invocation had enough time left to finish this photo.",
        "Redrive; if it fails again, raise the function's timeout or lower the batch size.",
    )
    INTERNAL_ERROR = _retryable(
        "internal-error",
        "Darkroom itself failed; the log has the details under the message id.",
        "Search the log for the message id, fix the cause, then redrive.",
    )

    @property
    def family(self) -> Family:
        return self.explanation.family

    @property
    def meaning(self) -> str:
        return self.explanation.meaning

    @property
    def what_to_do(self) -> str:
        return self.explanation.what_to_do


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
    """A failure that every attempt with the same input repeats."""


class RetryableError(DarkroomError):
    """A failure that a later attempt may not repeat."""
