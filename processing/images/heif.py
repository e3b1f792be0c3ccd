"""Decodes a HEIC with libde265 (by pi-heif), tile by tile.

Each tile is decoded from a file of its own. So one that fails fails the photo, where libheif would leave a hole in the
picture, and a large picture is shrunk while it is decoded.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pi_heif
from pi_heif import options

from processing.failures import FailureCode, PermanentError
from processing.images.decoder_errors import classify
from processing.images.formats.heic import HeicHeader
from processing.images.formats.heif_picture import Coded, Tile
from processing.images.formats.input_format import MAX_PARTS, Data
from processing.images.geometry import Size
from processing.images.heif_file import wrap_tile
from processing.images.vips import pyvips

# No threads beside the decoder's own: photos are processed in parallel processes.
options.DECODE_THREADS = 0
options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False

_NAL_LENGTH_SIZE = 21  # position in the configuration; ISO/IEC 14496-15
_ZEROS = b"\0\0\0"  # never inside a unit of HEVC (ITU-T H.265, 7.4.2): where they are, the data were never written
_BANDS = {"L": 1, "I;16": 1, "RGB": 3}
_PROFILE, _EXIF, _ORIENTATION = "icc-profile-data", "exif-data", "orientation"


@contextmanager
def open_heic(data: Data, header: HeicHeader, shrink: int) -> Iterator[pyvips.Image]:
    """Decode the primary picture, for use within the block.

    Args:
        data: the file.
        header: its header.
        shrink: by 1, 2, 4 or 8; less, if its tiles do not allow that.

    Raises:
        PermanentError: `truncated-image`, `corrupt-image`.
        MemoryError: the limit was reached.
    """
    decoder = _TileDecoder(data, _possible_shrink(header, shrink))
    code_points = header.colour.code_points
    image = decoder.decode(header.picture, bytes(data[slice(*code_points)]) if code_points else b"")
    if header.alpha:
        image = _join_alpha(image, decoder.decode(header.alpha, b""), is_premultiplied=header.is_premultiplied)
    image = image.crop(*header.crop) if header.crop else image.copy()
    if header.colour.icc:
        image.set_type(pyvips.GValue.blob_type, _PROFILE, bytes(data[slice(*header.colour.icc)]))
    if header.exif:
        image.set_type(pyvips.GValue.blob_type, _EXIF, header.exif)
    image.set_type(pyvips.GValue.gint_type, _ORIENTATION, header.orientation)
    yield image
    del decoder  # until here, because libvips does not own the pixels


def _possible_shrink(header: HeicHeader, shrink: int) -> int:
    # Hidden colours would bleed into the visible ones, and a crop would fall between pixels.
    if header.alpha or header.crop:
        return 1
    has_one_tile = len(header.picture.tiles) == len(header.picture.tiles[0]) == 1
    while not has_one_tile and any(side % shrink for side in header.picture.tile_size):
        shrink //= 2
    return shrink


class _TileDecoder:
    """Decodes pictures from their tiles; owns the pixels of the images that it returns."""

    def __init__(self, data: Data, shrink: int) -> None:
        self._data = data
        self._shrink = shrink
        self._decoded: list[object] = []

    def decode(self, coded: Coded, code_points: bytes) -> pyvips.Image:
        """Decode a picture and shrink it."""
        (width, height), (tile_width, tile_height) = coded.size, coded.tile_size
        images = []
        for row, tiles in enumerate(coded.tiles):
            for column, tile in enumerate(tiles):
                visible = (min(tile_width, width - column * tile_width), min(tile_height, height - row * tile_height))
                images.append(self._decode_tile(tile, coded.tile_size, visible, code_points))
        if len(images) == 1:
            return images[0]
        spacing = {"hspacing": tile_width // self._shrink, "vspacing": tile_height // self._shrink}
        joined = pyvips.Image.arrayjoin(images, across=len(coded.tiles[0]), **spacing)
        return joined.crop(0, 0, -(-width // self._shrink), -(-height // self._shrink))

    def _decode_tile(self, tile: Tile, size: Size, visible: Size, code_points: bytes) -> pyvips.Image:
        configuration = bytes(self._data[slice(*tile.configuration)])
        units = b"".join(bytes(self._data[start:end]) for start, end in tile.spans)
        _refuse_unwritten(units, (configuration[_NAL_LENGTH_SIZE] & 3) + 1)
        decoded = _decode_file(wrap_tile(units, configuration, size, code_points), size)
        bands = _BANDS[decoded.mode]
        is_deep = decoded.mode.startswith("I;16")  # colours come in 8 bits
        image = pyvips.Image.new_from_memory(decoded.data, *size, bands, "ushort" if is_deep else "uchar")
        image = image.crop(0, 0, *visible).copy(interpretation="srgb" if bands > 1 else "b-w")
        image = (image >> 8).cast("uchar") if is_deep else image
        if self._shrink > 1:
            return _computed(image.shrink(self._shrink, self._shrink, ceil=True))
        self._decoded.append(decoded)
        return image


def _decode_file(file: bytes, size: Size) -> pi_heif.HeifImage:
    try:
        decoded = pi_heif.open_heif(file)[0]
        decoded.load()
    except (ValueError, EOFError, SyntaxError, RuntimeError, IndexError) as error:
        raise classify(str(error)) from None
    if decoded.size != size:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "a HEIC whose tiles are not of the size that it says")
    return decoded


def _computed(image: pyvips.Image) -> pyvips.Image:
    """Compute an image at once, so that what it was made from is freed."""
    pixels = image.write_to_memory()
    copy = pyvips.Image.new_from_memory(pixels, image.width, image.height, image.bands, image.format)
    return copy.copy(interpretation=image.interpretation)


def _refuse_unwritten(units: bytes, length_bytes: int) -> None:
    """Refuse data that end too early or have zeros in their place, which a decoder would fill with grey."""
    position = 0
    for _ in range(MAX_PARTS):
        if position >= len(units):
            break
        start = position + length_bytes
        position = start + int.from_bytes(units[position:start], "big")
        hole = start if position == start else units.find(_ZEROS, start, position)
        if hole >= 0:
            code = FailureCode.CORRUPT_IMAGE if any(units[hole:]) else FailureCode.TRUNCATED_IMAGE
            raise PermanentError(code, "zeros in place of its pixels")
    if position != len(units):
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "a HEIC whose pixels do not end where they say")


def _join_alpha(image: pyvips.Image, alpha: pyvips.Image, *, is_premultiplied: bool) -> pyvips.Image:
    if (alpha.width, alpha.height) != (image.width, image.height):
        alpha = alpha.resize(image.width / alpha.width, vscale=image.height / alpha.height)
    joined = image.bandjoin(alpha.extract_band(0)).copy(interpretation=image.interpretation)
    return joined.unpremultiply().cast("uchar") if is_premultiplied else joined
