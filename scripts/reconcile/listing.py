"""Lists a bucket as a stream, sorted by key."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from scripts.cli.errors import OperatorError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class Listed(NamedTuple):
    """One object of a listing.

    Attributes:
        etag: without quotes.
        modified: LastModified, seconds since 1970.
    """

    key: str
    etag: str
    size_bytes: int
    modified: float


def list_bucket(s3: "S3Client", bucket: str, prefix: str) -> Iterator[Listed]:
    """List a bucket in the order of its keys, 1,000 per request.

    S3 lists general purpose buckets in the order of the keys' UTF-8 bytes (ListObjectsV2), which is also the order of
    Python's strings.
    """
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            yield Listed(item["Key"], item["ETag"].strip('"'), item["Size"], item["LastModified"].timestamp())


def in_key_order(listing: Iterable[Listed]) -> Iterator[Listed]:
    """Check that a listing is sorted; comparing an unsorted one would give wrong states.

    Raises:
        OperatorError: the listing is not sorted.
    """
    last = ""
    for item in listing:
        if item.key < last:
            raise OperatorError("the bucket is not listed in key order (a directory bucket?): cannot compare")
        last = item.key
        yield item
