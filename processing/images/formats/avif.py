"""The header of an AVIF: the boxes ftyp and meta. Facts from ISO/IEC 14496-12 and 23008-12, and AOM's AVIF 1.1."""

from collections.abc import Iterator
from struct import unpack_from

from processing.failures import FailureCode, PermanentError
from processing.images.formats.input_format import MAX_PARTS, Data, Header, InputFormat

_BRANDS = frozenset((b"avif", b"avis"))
# Measured at 4:4:4: the decoder's planes, the converted picture and libvips' copy of it.
_BYTES_PER_PIXEL = 18
_BYTES_PER_DEEP_PIXEL = 24
_HIGH_BIT_DEPTH = 0x40
_VERSION_AND_FLAGS = 4  # bytes before the contents of a full box


def brands(data: Data) -> frozenset[bytes]:
    """Return all brands of an ISO base media file, else none."""
    if data[4:8] != b"ftyp":
        return frozenset()
    end = min(unpack_from(">I", data, 0)[0], 1024)
    listed = (data[position : position + 4] for position in (8, *range(16, end - 3, 4)))
    return frozenset(bytes(brand) for brand in listed)


def _detect(data: Data) -> bool:
    return not _BRANDS.isdisjoint(brands(data))


def _read_header(data: Data) -> Header:
    # The largest declared size (ispe) is that of the grid, if there is one, else the image's. The decoder applies
    # rotation and cropping, which may swap or shrink it.
    properties = next(_property_boxes(data), (0, 0))
    sizes = [unpack_from(">II", data, start + _VERSION_AND_FLAGS) for start, _ in _boxes(data, b"ispe", *properties)]
    if not sizes:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "an AVIF that declares no size")
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    is_deep = any(data[start + 2] & _HIGH_BIT_DEPTH for start, _ in _boxes(data, b"av1C", *properties))
    return Header(
        format=AVIF,
        width_px=width,
        height_px=height,
        row_bytes=width * (8 if is_deep else 4),
        decode_bytes=len(data) + width * height * (_BYTES_PER_DEEP_PIXEL if is_deep else _BYTES_PER_PIXEL),
    )


def _property_boxes(data: Data) -> Iterator[tuple[int, int]]:
    meta_start, meta_end = next(_boxes(data, b"meta", 0, len(data)), (0, 0))
    for iprp in _boxes(data, b"iprp", meta_start + _VERSION_AND_FLAGS, meta_end):
        yield from _boxes(data, b"ipco", *iprp)


def _boxes(data: Data, name: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where the contents of each box with a name start and end."""
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
        if kind == name:
            yield body, following
        start = following


AVIF = InputFormat(name="avif", detect=_detect, read_header=_read_header, loader="heifload_source")
