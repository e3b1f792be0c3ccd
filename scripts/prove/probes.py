"""The probes: objects of known contents, with the outcome that each must have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from processing.failures import FailureCode
from processing.outcomes import Outcome
from processing.output_keys import MAX_KEY_BYTES
from scripts.aws.key_filter import KeyFilter
from scripts.prove import probe_images

FOLDER = "darkroom-prove"  # reserved: everything below it is deleted by `npm run prove`
EVERYTHING = "ü + % & = ? # ; : @ $ , (1) 'q' \"d\" [b] {c} ~ ^ 日本"

Put = Callable[[Any, str, str], None]  # boto3's S3 client, bucket, key


@dataclass(frozen=True)
class Probe:
    """An object to upload, and what must come of it.

    Attributes:
        name: what it shows.
        key: under the reserved prefix.
        put: uploads it, and does what else its name says.
        expected: the outcomes that are right.
        code: the failure code of a dead letter.
        events: how many S3 events the upload causes.
    """

    name: str
    key: str
    put: Put
    expected: tuple[Outcome, ...] = (Outcome.PROCESSED,)
    code: FailureCode | None = None
    events: int = 1

    @property
    def expectation(self) -> str:
        """The expected outcome, for people."""
        return " or ".join(self.expected) if self.code is None else f"{self.expected[0]}, {self.code}"


@dataclass(frozen=True)
class ProbeKeys:
    """Makes keys that the stage processes.

    Attributes:
        run: the name of this run.
    """

    key_filter: KeyFilter
    run: str

    @property
    def prefix(self) -> str:
        """Of every object of this run."""
        return f"{self.key_filter.prefix}{FOLDER}/{self.run}/"

    def key(self, name: str) -> str:
        suffix = self.key_filter.suffixes[0] if self.key_filter.suffixes else ""
        return f"{self.prefix}{name}{suffix}"

    @property
    def longest(self) -> str:
        """A key that S3 accepts, and not with an output's name behind it."""
        return self.key("x" * (MAX_KEY_BYTES - len(self.key("").encode())))


def make_probes(keys: ProbeKeys, environment: Mapping[str, str], kms_key: str = "") -> list[Probe]:
    """Return the probes of every run.

    Args:
        keys: makes their keys.
        environment: the function's, with its limits.
        kms_key: the stage's customer managed key; empty without one.
    """
    pixels, pages = int(environment["MAX_PIXELS"]), int(environment["MAX_PAGES"])
    failures = (
        _Failure("an empty object", "empty", b"", FailureCode.EMPTY_OBJECT),
        _Failure("a text file", "text", b"no photo at all, but text\n", FailureCode.UNSUPPORTED_FORMAT),
        _Failure("a photo that is cut off", "cut-off", probe_images.truncated(), FailureCode.TRUNCATED_IMAGE),
        _Failure("a damaged photo", "damaged", probe_images.corrupt(), FailureCode.CORRUPT_IMAGE),
        _Failure("too many pixels", "wide", probe_images.too_wide(pixels), FailureCode.TOO_MANY_PIXELS),
        _Failure("too many pages", "pages", probe_images.too_many_pages(pages), FailureCode.TOO_MANY_PAGES),
    )
    good = probe_images.photo()
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else None
    return [
        Probe("a good photo", keys.key("good"), put_object(good)),
        Probe("the same, uploaded in parts", keys.key("parts"), _multipart(good)),
        Probe("the same, copied within S3", keys.key("copied"), _copied(good), _AGAIN, events=2),
        *(
            [Probe("the same, encrypted with the KMS key", keys.key("kms"), put_object(good, encrypted))]
            if kms_key
            else []
        ),
        Probe("a name with everything in it", keys.key(EVERYTHING), put_object(good)),
        Probe("a photo that is overwritten at once", keys.key("overwritten"), _overwritten(good), _AGAIN, events=2),
        Probe("a photo that is deleted at once", keys.key("deleted"), _deleted(good), _DELETED),
        *(Probe(each.name, keys.key(each.file), put_object(each.body), _FAILED, each.code) for each in failures),
        Probe("a name that is too long", keys.longest, put_object(good), _FAILED, FailureCode.KEY_TOO_LONG),
    ]


_FAILED = (Outcome.DEAD_LETTERED,)
_AGAIN = (Outcome.PROCESSED, Outcome.SUPERSEDED, Outcome.DUPLICATE)
_DELETED = (Outcome.GONE, Outcome.PROCESSED)


@dataclass(frozen=True)
class _Failure:
    name: str
    file: str
    body: bytes = field(repr=False)
    code: FailureCode


def put_object(body: bytes, options: Mapping[str, str] | None = None) -> Put:
    """Upload a body."""
    return lambda s3, bucket, key: s3.put_object(Bucket=bucket, Key=key, Body=body, **(options or {}))


def put_made(make: Callable[[], bytes]) -> Put:
    """Upload a body that is made only then."""
    return lambda s3, bucket, key: s3.put_object(Bucket=bucket, Key=key, Body=make())


def _overwritten(body: bytes) -> Put:
    def put(s3: Any, bucket: str, key: str) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=probe_images.photo(shade=200))
        s3.put_object(Bucket=bucket, Key=key, Body=body)

    return put


def _deleted(body: bytes) -> Put:
    def put(s3: Any, bucket: str, key: str) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        s3.delete_object(Bucket=bucket, Key=key)

    return put


def _copied(body: bytes) -> Put:
    def put(s3: Any, bucket: str, key: str) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        # Onto itself: S3 allows it when the metadata change.
        s3.copy_object(
            Bucket=bucket,
            Key=key,
            CopySource={"Bucket": bucket, "Key": key},
            MetadataDirective="REPLACE",
            Metadata={"copied": "yes"},
        )

    return put


def _multipart(body: bytes) -> Put:
    def put(s3: Any, bucket: str, key: str) -> None:
        upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        part = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=body)
        s3.complete_multipart_upload(
            Bucket=bucket,
            Key=key,
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
        )

    return put
