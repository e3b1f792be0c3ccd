"""S3 in memory, with the semantics that Darkroom relies on: conditional GET and PUT, strong consistency, MD5 eTags.

Facts: Amazon S3 User Guide, "Add preconditions to S3 operations".
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

# Called before and after each operation takes effect, with its name and key; raises what should fail there.
Hook = Callable[[str, str], object]


def nothing_happens(operation: str, key: str) -> None:
    """Do nothing: the default hook."""


def client_error(status: int, code: str, operation: str) -> ClientError:
    """Return an error response as boto3 raises it."""
    return ClientError(
        {"Error": {"Code": code, "Message": "injected"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        operation,
    )


@dataclass(frozen=True)
class Stored:
    """An object."""

    body: bytes
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.body).hexdigest()}"'

    def __hash__(self) -> int:
        return hash(self.body)


class Body:
    """A response body; can end with an error half way, or arrive slowly for ever."""

    def __init__(self, body: bytes, break_off: Exception | None, trickle_seconds: float) -> None:
        self._body = body
        self._break_off = break_off
        self._trickle_seconds = trickle_seconds

    def iter_chunks(self, _: int) -> Iterator[bytes]:
        while self._trickle_seconds:
            time.sleep(self._trickle_seconds)
            yield b"x"
        half = len(self._body) // 2
        yield self._body[:half]
        if self._break_off:
            raise self._break_off
        yield self._body[half:]

    def close(self) -> None:
        """Close nothing."""


class FakeS3:
    """The operations that Darkroom uses, as a boto3 client has them.

    Args:
        before: called before an operation takes effect.
        after: called after it took effect, before the answer arrives.
        break_off: called for each GET; returns the error that ends the body half way, or None.
    """

    def __init__(
        self,
        before: Hook = nothing_happens,
        after: Hook = nothing_happens,
        break_off: Callable[[], Exception | None] = lambda: None,
    ) -> None:
        self.objects: dict[tuple[str, str], Stored] = {}
        self.before = before
        self.after = after
        self.break_off = break_off
        self.trickle_seconds = 0.0
        self._lock = threading.Lock()

    def head_object(self, *, Bucket: str, Key: str, IfMatch: str = "") -> dict[str, Any]:  # noqa: N803 (boto3's names)
        self.before("HeadObject", Key)
        stored = self.objects.get((Bucket, Key))
        self.after("HeadObject", Key)
        if stored is None:
            raise client_error(404, "404", "HeadObject")
        if IfMatch and IfMatch != stored.etag:
            raise client_error(412, "412", "HeadObject")
        return {"ETag": stored.etag, "Metadata": dict(stored.metadata), "ContentLength": len(stored.body)}

    def get_object(self, *, Bucket: str, Key: str, IfMatch: str = "") -> dict[str, Any]:  # noqa: N803
        self.before("GetObject", Key)
        stored = self.objects.get((Bucket, Key))
        self.after("GetObject", Key)
        if stored is None:
            raise client_error(404, "NoSuchKey", "GetObject")
        if IfMatch and IfMatch != stored.etag:
            raise client_error(412, "PreconditionFailed", "GetObject")
        return {"Body": Body(stored.body, self.break_off(), self.trickle_seconds), "ContentLength": len(stored.body)}

    def put_object(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        Body: BinaryIO | bytes,  # noqa: N803
        ContentType: str = "",  # noqa: N803
        ContentDisposition: str = "",  # noqa: N803
        CacheControl: str = "",  # noqa: N803
        Metadata: dict[str, str] | None = None,  # noqa: N803
        IfMatch: str = "",  # noqa: N803
        IfNoneMatch: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        self.before("PutObject", Key)
        body = Body if isinstance(Body, bytes) else Body.read()
        with self._lock:
            there = self.objects.get((Bucket, Key))
            if IfMatch and there is None:
                raise client_error(404, "NoSuchKey", "PutObject")
            if (IfNoneMatch == "*" and there) or (IfMatch and there and there.etag != IfMatch):
                raise client_error(412, "PreconditionFailed", "PutObject")
            self.objects[(Bucket, Key)] = Stored(body, dict(Metadata or {}))
        self.after("PutObject", Key)
        return {"ETag": self.objects[(Bucket, Key)].etag}

    def keys(self, bucket: str) -> set[str]:
        return {key for held, key in self.objects if held == bucket}
