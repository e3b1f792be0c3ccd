"""The header of an AVIF: the boxes ftyp and meta. Facts from ISO/IEC 14496-12 and 23008-12, and AOM's AVIF 1.1."""

from collections.abc import Iterator
from struct import unpack_from

from processing.failures import FailureCode, PermanentError
from processing.images.formats.colour_box import read_colour
from processing.images.formats.heif_items import Items
from processing.images.formats.input_format import Data, Header, InputFormat
from processing.images.formats.iso_boxes import VERSION_AND_FLAGS, boxes, brands

_BRANDS = frozenset((b"avif", b"avis"))
# Measured at 4:4:4: the decoder's planes, the converted picture and libvips' copy of it.
_BYTES_PER_PIXEL = 18
_BYTES_PER_DEEP_PIXEL = 24
_HIGH_BIT_DEPTH = 0x40


def _detect(data: Data) -> bool:
    return not _BRANDS.isdisjoint(brands(data))


def _read_header(data: Data) -> Header:
    # The largest declared size (ispe) is that of the grid, if there is one, else the image's. The decoder applies
    # rotation and cropping, which may swap or shrink it.
    properties = next(_property_boxes(data), (0, 0))
    sizes = [unpack_from(">II", data, start + VERSION_AND_FLAGS) for start, _ in boxes(data, b"ispe", *properties)]
    if not sizes:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "an AVIF that declares no size")
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    items = Items.read(data)
    is_deep = any(data[start + 2] & _HIGH_BIT_DEPTH for start, _ in boxes(data, b"av1C", *properties))
    return Header(
        format=AVIF,
        width_px=width,
        height_px=height,
        profile=read_colour(data, items.properties(items.primary)).profile,
        row_bytes=width * (8 if is_deep else 4),
        decode_bytes=len(data) + width * height * (_BYTES_PER_DEEP_PIXEL if is_deep else _BYTES_PER_PIXEL),
    )


def _property_boxes(data: Data) -> Iterator[tuple[int, int]]:
    meta_start, meta_end = next(boxes(data, b"meta", 0, len(data)), (0, 0))
    for iprp in boxes(data, b"iprp", meta_start + VERSION_AND_FLAGS, meta_end):
        yield from boxes(data, b"ipco", *iprp)


AVIF = InputFormat(name="avif", detect=_detect, read_header=_read_header, loader="heifload_source", turns_itself=True)
