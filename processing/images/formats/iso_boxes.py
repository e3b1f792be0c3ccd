"""The boxes of ISO base media files: HEIC, AVIF, videos. Facts from ISO/IEC 14496-12."""

from collections.abc import Iterator
from struct import unpack_from

from processing.failures import FailureCode, PermanentError
from processing.images.formats.input_format import MAX_PARTS, Data

VERSION_AND_FLAGS = 4  # bytes before the contents of a full box
_MAX_BRANDS_END = 1024


def brands(data: Data) -> tuple[bytes, ...]:
    """Return all brands of an ISO base media file, the major one first, else none."""
    if len(data) < 12 or data[4:8] != b"ftyp":
        return ()
    end = min(unpack_from(">I", data, 0)[0], _MAX_BRANDS_END)
    return tuple(bytes(data[position : position + 4]) for position in (8, *range(16, end - 3, 4)))


def boxes(data: Data, name: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where the contents of each box with a name start and end."""
    return ((body, following) for kind, body, following in all_boxes(data, start, end) if kind == name)


def all_boxes(data: Data, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name of each box and where its contents start and end."""
    for _ in range(MAX_PARTS):
        if start >= end:
            return
        size, kind = unpack_from(">I4s", data, start)
        body = start + 8
        if size == 1:  # the size is in the 8 bytes that follow
            size = unpack_from(">Q", data, body)[0]
            body += 8
        if size and size < body - start:
            raise PermanentError(FailureCode.CORRUPT_IMAGE, "a box that is smaller than its own header")
        following = start + size if size else end
        if following > end:
            raise IndexError(following)
        yield kind, body, following
        start = following
