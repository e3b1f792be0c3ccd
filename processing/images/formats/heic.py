"""The header of a HEIC: its primary picture with all that belongs to it. Facts from ISO/IEC 23008-12.

Bursts, thumbnails, depth and gain maps are items of their own, to which nothing here refers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from struct import unpack_from

from processing.failures import FailureCode, PermanentError
from processing.images.formats.avif import AVIF
from processing.images.formats.colour_box import Colour, read_colour
from processing.images.formats.heif_items import Items, Property
from processing.images.formats.heif_picture import CONFIGURATION, GRID, SIZE, Coded, read_coded
from processing.images.formats.input_format import Data, Header, InputFormat
from processing.images.formats.iso_boxes import VERSION_AND_FLAGS, brands
from processing.images.formats.orientation_tags import UPRIGHT, Turn, exif_orientation, xmp_orientation

_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"))
_OF_OTHERS = frozenset((b"avif", b"avis", b"vvic", b"vvis", b"avci", b"avcs", b"j2ki", b"j2is"))
_AV1 = b"av01"
_CROP, _ROTATION, _MIRROR, _AUXILIARY = b"clap", b"irot", b"imir", b"auxC"
# Without an essential property that it does not know, a reader would show another picture than was meant.
_KNOWN = frozenset((CONFIGURATION, SIZE, b"colr", b"pixi", b"pasp", _CROP, _ROTATION, _MIRROR, _AUXILIARY))
_ALPHAS = (b"urn:mpeg:hevc:2015:auxid:1\0", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")
_RGB_BYTES = 3

Box = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class HeicHeader(Header):
    """The header of a HEIC.

    Attributes:
        picture: the primary picture.
        alpha: its transparency, if any.
        is_premultiplied: whether the colours are already multiplied by it.
        crop: left, top, width and height before the orientation; None for the whole picture.
        colour: its colour space.
        orientation: as EXIF numbers it.
        exif: its EXIF block, empty for none.
    """

    picture: Coded
    alpha: Coded | None
    is_premultiplied: bool
    crop: Box | None
    colour: Colour
    orientation: int
    exif: bytes

    @property
    def decoded_size(self) -> tuple[int, int]:
        return self.picture.size


def _detect(data: Data) -> bool:
    listed = brands(data)
    return not _BRANDS.isdisjoint(listed) and _OF_OTHERS.isdisjoint(listed)


def _read_header(data: Data) -> Header:
    items = Items.read(data)
    primary = items.primary
    if _codec(items) == _AV1:
        return AVIF.read_header(data)  # the brand mif1 alone says nothing about the codec
    properties = _known_properties(items)
    picture = read_coded(items, primary)
    alpha = next(
        (read_coded(items, item) for item in items.referring_to(b"auxl", primary) if _is_alpha(items, item)), None
    )
    crop, exif = _read_crop(data, properties, picture.size), _read_exif(items)
    first_tile = next(iter(items.references(b"dimg", primary)), primary)
    colour = read_colour(data, [*properties, *items.properties(first_tile)])
    if colour.rarity:
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, colour.rarity)
    return HeicHeader(
        format=HEIC,
        width_px=crop[2] if crop else picture.size[0],
        height_px=crop[3] if crop else picture.size[1],
        row_bytes=picture.size[0] * (_RGB_BYTES + (alpha is not None)),
        decode_bytes=len(data) + picture.decode_bytes + (alpha.decode_bytes if alpha else 0),
        picture=picture,
        alpha=alpha,
        is_premultiplied=bool(items.references(b"prem", primary)),
        crop=crop,
        profile=colour.profile,
        colour=colour,
        orientation=_read_turn(data, properties) or exif_orientation(exif) or _xmp_orientation(items) or UPRIGHT,
        exif=exif,
    )


def _codec(items: Items) -> bytes | None:
    first = next(iter(items.references(b"dimg", items.primary)), None)
    kind = items.kinds.get(items.primary)
    return items.kinds.get(first) if kind == GRID and first is not None else kind


def _known_properties(items: Items) -> list[Property]:
    properties = list(items.properties(items.primary))
    for box in properties:
        if box.is_essential and box.name not in _KNOWN:
            raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, "a HEIC that needs a rare property to be shown")
    return properties


def _is_alpha(items: Items, item: int) -> bool:
    for box in items.properties(item):
        if box.name == _AUXILIARY:
            name = bytes(items.data[box.start + VERSION_AND_FLAGS : box.end])
            return name.startswith(_ALPHAS)
    return False


def _read_turn(data: Data, properties: Iterable[Property]) -> int | None:
    """Return the orientation of the boxes irot and imir, applied in their order; None without them."""
    boxes = [box for box in properties if box.name in (_ROTATION, _MIRROR)]
    turn = Turn()
    for box in boxes:
        value = data[box.start]
        turn = turn.rotated(value & 3) if box.name == _ROTATION else turn.mirrored(top_to_bottom=not value & 1)
    return turn.orientation if boxes else None


def _read_crop(data: Data, properties: Iterable[Property], size: tuple[int, int]) -> Box | None:
    box = next((box for box in properties if box.name == _CROP), None)
    if box is None:
        return None
    numbers = unpack_from(">IIIIiIiI", data, box.start)
    if not all(numbers[1::2]):
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "a HEIC cropped by a fraction of zero")
    width, height, right, down = (numbers[index] / numbers[index + 1] for index in (0, 2, 4, 6))
    left = round(right + (size[0] - width) / 2)
    top = round(down + (size[1] - height) / 2)
    crop = (left, top, int(width), int(height))
    if left < 0 or top < 0 or min(crop[2:]) < 1 or left + crop[2] > size[0] or top + crop[3] > size[1]:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "a HEIC cropped beyond its own edges")
    return None if crop == (0, 0, *size) else crop


def _read_exif(items: Items) -> bytes:
    for item in items.referring_to(b"cdsc", items.primary):
        if items.kinds.get(item) == b"Exif":
            content = items.content(item)
            # It begins with the distance to the TIFF structure.
            return content[4 + int.from_bytes(content[:4], "big") :]
    return b""


def _xmp_orientation(items: Items) -> int | None:
    described = (item for item in items.referring_to(b"cdsc", items.primary) if items.kinds.get(item) == b"mime")
    return next((number for item in described if (number := xmp_orientation(items.content(item)))), None)


HEIC = InputFormat(name="heic", detect=_detect, read_header=_read_header, loader=None, turns_itself=True)
