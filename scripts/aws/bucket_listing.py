"""Lists buckets as streams sorted by key, and joins sources and outputs in bounded memory.

Sorted keys are not in the order of their sources: `a` comes before `a!`, but `a!/large.jpg` comes before
`a/large.jpg`; and the outputs of `a/b.jpg` lie between those of `a`. So both streams are sorted by `key + "/" + 0xFF`
(a byte that UTF-8 does not have), which puts a source after all sources below it. Only the prefixes of the current key
must be kept back for that, a few hundred at most.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from processing.output_formats import RENDITION_FORMATS
from processing.output_keys import DOCUMENT_NAME
from scripts.cli.errors import OperatorError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# Outputs of Darkroom with these or earlier settings.
_SUFFIXES = "|".join(re.escape(output.suffix) for output in RENDITION_FORMATS.values())
_OUTPUT_NAME = re.compile(rf"[a-z0-9][a-z0-9-]*(?:{_SUFFIXES})|{re.escape(DOCUMENT_NAME)}")


class Listed(NamedTuple):
    """An object of a listing.

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


@dataclass
class OutputSet:
    """The outputs of one source.

    Attributes:
        sizes: bytes by file name, such as `large.jpg`.
        committed: the commit marker's LastModified, seconds since 1970; None without a marker.
    """

    source_key: str
    sizes: dict[str, int] = field(default_factory=dict)
    committed: float | None = None


class Pair(NamedTuple):
    """A source and its outputs; one of them may be missing."""

    source: Listed | None
    outputs: OutputSet | None

    @property
    def key(self) -> str:
        """The source's key, even if the source is missing."""
        if self.source is not None:
            return self.source.key
        return self.outputs.source_key if self.outputs is not None else ""


def join(sources: Iterable[Listed], outputs: Iterable[OutputSet]) -> Iterator[Pair]:
    """Pair two streams that are in source order."""
    left, right = iter(sources), iter(outputs)
    source, found = next(left, None), next(right, None)
    while source is not None or found is not None:
        if found is None or (source is not None and _order(source.key) < _order(found.source_key)):
            yield Pair(source, None)
            source = next(left, None)
        elif source is None or source.key != found.source_key:
            yield Pair(None, found)
            found = next(right, None)
        else:
            yield Pair(source, found)
            source, found = next(left, None), next(right, None)


def sources_in_order(listing: Iterable[Listed]) -> Iterator[Listed]:
    """Sort the input bucket's listing into source order; leave out folder markers."""
    held: list[Listed] = []
    for item in listing:
        while held and _order(held[-1].key) < _order(item.key):
            yield held.pop()
        if not (item.key.endswith("/") and item.size_bytes == 0):
            held.append(item)
    yield from reversed(held)


def outputs_in_order(listing: Iterable[Listed], on_foreign: Callable[[str], None]) -> Iterator[OutputSet]:
    """Group the output bucket's listing into sets, in source order.

    Args:
        listing: in key order.
        on_foreign: called with each key that is not an output of Darkroom.
    """
    held: list[OutputSet] = []
    for item in listing:
        source_key, slash, name = item.key.rpartition("/")
        while held and not item.key.startswith(held[-1].source_key + "/"):
            yield held.pop()
        if not slash or not source_key or not _OUTPUT_NAME.fullmatch(name):
            on_foreign(item.key)
            continue
        if not held or held[-1].source_key != source_key:
            held.append(OutputSet(source_key))
        held[-1].sizes[name] = item.size_bytes
        if name == DOCUMENT_NAME:
            held[-1].committed = item.modified
    yield from reversed(held)


def _order(key: str) -> bytes:
    return key.encode() + b"/\xff"
