"""Two buckets in arithmetic, for the benchmark's server: any number of photos in no memory, some without outputs."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote
from xml.sax.saxutils import escape

from processing.commit_marker import Marker

_PAGE = 1000  # of ListObjectsV2
_NAMES = ("document.pdf", "large.jpg", "medium.jpg", "small.jpg")  # in S3's order
_TIME = "2026-11-01T08:00:00.000Z"
_MISSING = 50  # of each hundred photos, this one has no outputs

Found = tuple[int, str, bytes]  # status, more header lines, body


@dataclass(frozen=True)
class S3Model:
    """An input bucket, and its outputs of every photo but one in a hundred.

    Attributes:
        photos: in the input bucket.
        fingerprint: of the settings that the outputs were made with.
        photo: the body of every object; empty if there are none.
    """

    photos: int
    fingerprint: str
    photo: bytes = b""

    def answer(self, method: str, path: str) -> Found:
        """Answer HeadObject of a commit marker and ListObjectsV2; with a photo, GetObject and PutObject too."""
        bucket, _, key = path.partition("?")[0].lstrip("/").partition("/")
        if method == "HEAD":
            return self._head(unquote(key))
        if method == "GET" and "list-type=2" in path:
            token = parse_qs(path.partition("?")[2]).get("continuation-token", ["0"])
            return 200, "", self._list(bucket, int(token[0])).encode()
        if not self.photo:
            return 404, "", b""
        return 200, f'ETag: "{_etag(0)}"\r\n', self.photo if method == "GET" else b""

    def _head(self, key: str) -> Found:
        number = key.removesuffix("/document.pdf").rpartition("_")[2].removesuffix(".jpg")
        if not number.isdigit() or int(number) % 100 == _MISSING:
            return 404, "", b""
        metadata = Marker(_etag(int(number)), "", self.fingerprint).to_metadata()
        lines = [f"x-amz-meta-{name}: {value}\r\n" for name, value in metadata.items()]
        return (
            200,
            f'ETag: "{_etag(int(number))}"\r\nLast-Modified: Sun, 01 Nov 2026 08:00:00 GMT\r\n{"".join(lines)}',
            b"",
        )

    def _list(self, bucket: str, start: int) -> str:
        is_input = "input" in bucket
        entries = self._sources(start) if is_input else self._outputs(start)
        listed = "".join(
            f"<Contents><Key>{escape(quote(key))}</Key><LastModified>{_TIME}</LastModified>"
            f"<ETag>&quot;{_etag(number)}&quot;</ETag><Size>4200000</Size></Contents>"
            for number, key in entries
        )
        total = self.photos if is_input else len(_NAMES) * self._processed
        more = start + _PAGE < total
        token = f"<NextContinuationToken>{start + _PAGE}</NextContinuationToken>" if more else ""
        return (
            f"<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"{token}{listed}</ListBucketResult>"
        )

    @property
    def _processed(self) -> int:
        return sum(number % 100 != _MISSING for number in range(self.photos % 100)) + self.photos // 100 * 99

    def _sources(self, start: int) -> Iterator[tuple[int, str]]:
        return ((number, photo_key(number)) for number in range(start, min(start + _PAGE, self.photos)))

    def _outputs(self, start: int) -> Iterator[tuple[int, str]]:
        for position in range(start, min(start + _PAGE, len(_NAMES) * self._processed)):
            block, place = divmod(position // len(_NAMES), 99)
            number = 100 * block + place + (place >= _MISSING)
            yield number, f"{photo_key(number)}/{_NAMES[position % len(_NAMES)]}"


def photo_key(number: int) -> str:
    """Return the key of a photo, in the order of the numbers."""
    return f"2026/{number // 10_000:04}/IMG_{number:07}.jpg"


def _etag(number: int) -> str:
    return f"{number:032x}"
