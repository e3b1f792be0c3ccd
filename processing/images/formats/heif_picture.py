"""A coded picture of a HEIF: one tile or a grid of tiles. Facts from ISO/IEC 23008-12, 23000-22 and 14496-15."""

from dataclasses import dataclass
from struct import unpack_from

from processing.failures import FailureCode, PermanentError
from processing.images.formats.heif_items import Items, Property, Span, refuse_overlaps
from processing.images.formats.iso_boxes import VERSION_AND_FLAGS

HEVC, GRID = b"hvc1", b"grid"
CONFIGURATION, SIZE = b"hvcC", b"ispe"
_32_BITS = 1  # a flag of grids
# Phones write tiles of 512 x 512; the standard asks for 64 at least. A decoder starts anew for each tile.
_MIN_TILE_PX, _MAX_TILES = 64, 4096
_CHROMA_FORMAT, _LUMA_BITS = 16, 17  # positions in the configuration
_SAMPLES_PER_PIXEL = (1, 1.5, 2, 3)  # by chroma format: grey, 4:2:0, 4:2:2, 4:4:4
_RGB_BYTES = 3


@dataclass(frozen=True, kw_only=True)
class Tile:
    """The data of a tile, and its decoder configuration."""

    spans: tuple[Span, ...]
    configuration: Span


@dataclass(frozen=True, kw_only=True)
class Coded:
    """A picture as it is coded.

    Attributes:
        size: width and height in pixels.
        tile_size: width and height of each tile; those at the right and bottom may reach beyond the picture.
        tiles: the rows of tiles from top to bottom.
        plane_bytes: of a pixel in the planes of the decoder.
    """

    size: tuple[int, int]
    tile_size: tuple[int, int]
    tiles: tuple[tuple[Tile, ...], ...]
    plane_bytes: float

    @property
    def decode_bytes(self) -> int:
        """Estimate the memory for decoding."""
        pixels = self.tile_size[0] * self.tile_size[1]
        number = len(self.tiles) * len(self.tiles[0])
        joined = number * pixels * _RGB_BYTES if number > 1 else 0
        # Measured: the decoder's planes, libheif's copy of them, and RGB: 48 MP in one tile took 303 MB.
        return joined + int(pixels * (2 * self.plane_bytes + _RGB_BYTES))


def read_coded(items: Items, item: int) -> Coded:
    """Read how a picture is coded.

    Raises:
        PermanentError: `unsupported-format` for another codec or structure, `corrupt-image`.
        struct.error, IndexError: the file ends before the last of its data does.
    """
    kind = items.kinds.get(item, b"")
    if kind == GRID:
        return _read_grid(items, item)
    if kind != HEVC:
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, f"a HEIF whose picture is {_printable(kind)}, not HEVC")
    size, tile, plane_bytes = _read_tile(items, item)
    return Coded(size=size, tile_size=size, tiles=((tile,),), plane_bytes=plane_bytes)


def property_of(items: Items, item: int, name: bytes) -> Property:
    """Return an item's first property with a name.

    Raises:
        PermanentError: `corrupt-image` without one.
    """
    for box in items.properties(item):
        if box.name == name:
            return box
    raise PermanentError(FailureCode.CORRUPT_IMAGE, f"a HEIC without the property {_printable(name)}")


def _read_grid(items: Items, item: int) -> Coded:
    content = items.content(item)
    rows, columns = content[2] + 1, content[3] + 1
    size = unpack_from(">II" if content[1] & _32_BITS else ">HH", content, 4)
    references = items.references(b"dimg", item)
    if len(references) != rows * columns or len(references) > _MAX_TILES:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, f"a grid of {len(references):,} tiles")
    if {items.kinds.get(reference) for reference in references} != {HEVC}:
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, "a HEIF whose tiles are not HEVC")
    read = [_read_tile(items, reference) for reference in references]
    tile_size = read[0][0]
    _check_grid(size, tile_size, rows, columns)
    if any(other != tile_size for other, _, _ in read):
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "a grid of tiles of different sizes")
    tiles = [tile for _, tile, _ in read]
    refuse_overlaps((span for tile in tiles for span in tile.spans), len(items.data))
    by_row = tuple(tuple(tiles[first : first + columns]) for first in range(0, len(tiles), columns))
    return Coded(
        size=(size[0], size[1]), tile_size=tile_size, tiles=by_row, plane_bytes=max(number for _, _, number in read)
    )


def _check_grid(size: tuple[int, ...], tile_size: tuple[int, int], rows: int, columns: int) -> None:
    # Every tile shows something, and together they cover the picture: so its pixels limit what is decoded.
    for side, tile_side, number in zip(size, tile_size, (columns, rows), strict=True):
        if tile_side < _MIN_TILE_PX or not tile_side * (number - 1) < side <= tile_side * number:
            raise PermanentError(FailureCode.CORRUPT_IMAGE, "a grid whose tiles do not cover its picture")


def _read_tile(items: Items, item: int) -> tuple[tuple[int, int], Tile, float]:
    """Return a tile's size, the tile, and the bytes of a pixel in its planes."""
    size = property_of(items, item, SIZE)
    width, height = unpack_from(">II", items.data, size.start + VERSION_AND_FLAGS)
    configuration = property_of(items, item, CONFIGURATION)
    samples = _SAMPLES_PER_PIXEL[items.data[configuration.start + _CHROMA_FORMAT] & 3]
    is_deep = items.data[configuration.start + _LUMA_BITS] & 7
    spans = items.spans(item)
    if not spans:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "a HEIC whose picture has no data")
    return (
        (width, height),
        Tile(spans=spans, configuration=(configuration.start, configuration.end)),
        samples * (2 if is_deep else 1),
    )


def _printable(kind: bytes) -> str:
    return kind.decode() if kind.isalnum() and kind.isascii() else "of an unknown kind"
