"""Makes HEICs with x265, as phones write them, and with the boxes that no encoder writes."""

import io
import struct
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

from tests.support import photos

ALPHA, DEPTH, GAIN_MAP = (
    b"urn:mpeg:hevc:2015:auxid:1\0",
    b"urn:mpeg:hevc:2015:auxid:2\0",
    b"urn:iso:std:iso:ts:21496:-1",
)
P3_PRIMARIES, SRGB_CURVE, PQ_CURVE = 12, 13, 16
_FAST = {"preset": "ultrafast"}


def heic(image: Image.Image | None = None, **options: Any) -> bytes:
    """Encode a HEIC.

    Args:
        image: another picture than the usual one.
        options: pillow-heif's (`tile_size`, `exif`, `xmp`, `chroma`, `color_primaries`, `icc_profile` ...).
    """
    file = io.BytesIO()
    picture = pillow_heif.from_pillow(image or photos.picture())
    picture.info["icc_profile"] = options.pop("icc_profile", None)
    picture.save(file, **({"quality": 90, "enc_params": dict(_FAST)} | options))
    return file.getvalue()


def grid_heic(image: Image.Image | None = None, tile_px: int = 128, **options: Any) -> bytes:
    """Encode a HEIC as a grid of tiles, as phones do."""
    return heic(image, tile_size=tile_px, **options)


def deep_heic(image: Image.Image | None = None) -> bytes:
    """Encode a HEIC of 10 bits a channel."""
    picture = image or photos.picture()
    numbers = (np.asarray(picture.convert("RGB")).astype(np.uint16) * 257).tobytes()
    file = io.BytesIO()
    pillow_heif.encode("RGB;16", picture.size, numbers, file, quality=90, enc_params=dict(_FAST))
    return file.getvalue()


def oriented_heic(orientation: int, size: tuple[int, int] = photos.SIZE) -> bytes:
    """Encode a HEIC that shows the picture once its boxes irot and imir are applied; its EXIF block says the same."""
    return heic(photos.stored_for(orientation, size), exif=photos.exif(orientation=orientation).tobytes())


def burst_heic(main: Image.Image, *others: Image.Image) -> bytes:
    """Encode several pictures in one file, of which the last is the primary one."""
    file = io.BytesIO()
    pictures = pillow_heif.HeifFile()  # type: ignore[no-untyped-call]
    for image in (*others, main):
        pictures.add_from_pillow(image)
    pictures.save(file, primary_index=len(others), quality=90, enc_params=dict(_FAST))
    return file.getvalue()


def auxiliary_heic(name: bytes, image: Image.Image | None = None) -> bytes:
    """Encode a picture whose transparency is called something else: DEPTH or GAIN_MAP."""
    data = heic(image or photos.transparent())
    assert data.count(ALPHA) == 1
    return data.replace(ALPHA, name)


def exif_only_heic(orientation: int) -> bytes:
    """Encode a HEIC whose orientation is in its EXIF block alone."""
    upright = photos.exif(orientation=1).tobytes()
    turned = photos.exif(orientation=orientation).tobytes()
    assert len(upright) == len(turned)
    data = heic(photos.stored_for(orientation), exif=upright)
    assert data.count(upright[6:]) == 1
    return data.replace(upright[6:], turned[6:])


def box_at(data: bytes, name: bytes) -> int:
    """Return where the contents of the first box with a name start."""
    return data.index(name) + len(name)


def heic_claiming(width: int, height: int) -> bytes:
    """Write another size into the first property ispe."""
    data = heic(photos.picture((96, 72)))
    place = box_at(data, b"ispe") + 4
    return data[:place] + struct.pack(">II", width, height) + data[place + 8 :]


def grid_of(tiles: int, *, tile: tuple[int, int] = (512, 512), extents: int = 1, extent_bytes: int = 64) -> bytes:
    """Forge a grid of 256 columns whose tiles are all the same item.

    Args:
        tiles: how many.
        tile: size of each.
        extents: of the item, each over the same bytes.
        extent_bytes: of each.
    """
    rows = max(1, tiles // 256)
    width, height = min(256, tiles) * tile[0], rows * tile[1]
    grid = struct.pack(">BBBBII", 0, 1, rows - 1, min(256, tiles) - 1, width, height)
    properties = _box(b"hvcC", bytes(23)) + _full_box(b"ispe", struct.pack(">II", *tile))
    places = struct.pack(">HHHHII", 1, 1, 0, 1, 0, len(grid))  # in idat
    places += struct.pack(">HHHH", 2, 0, 0, extents) + struct.pack(">II", 24, extent_bytes) * extents
    meta = (
        _full_box(b"pitm", struct.pack(">H", 1))
        + _full_box(b"iinf", struct.pack(">H", 2) + _entry(1, b"grid") + _entry(2, b"hvc1"))
        + _full_box(b"iref", _box(b"dimg", struct.pack(">HH", 1, tiles) + struct.pack(">H", 2) * tiles))
        + _box(b"iprp", _box(b"ipco", properties) + _full_box(b"ipma", struct.pack(">IHBBB", 1, 2, 2, 0x81, 2)))
        + _full_box(b"iloc", struct.pack(">BBH", 0x44, 0, 2) + places, version=1)
        + _box(b"idat", grid)
    )
    return _FTYP + _full_box(b"meta", meta)


def heif_of_items(count: int) -> bytes:
    """Forge a file of very many items."""
    entries = b"".join(_entry(number % 65_536, b"hvc1") for number in range(count))
    meta = _full_box(b"pitm", struct.pack(">H", 1)) + _full_box(b"iinf", struct.pack(">H", 65_535) + entries)
    return _FTYP + _full_box(b"meta", meta)


def nested_heif(depth: int) -> bytes:
    """Forge boxes within boxes."""
    contents = b""
    for _ in range(depth):
        contents = _full_box(b"meta", contents)
    return _FTYP + contents


def _entry(item: int, kind: bytes) -> bytes:
    return _full_box(b"infe", struct.pack(">HH4sx", item, 0, kind), version=2)


def _box(name: bytes, contents: bytes) -> bytes:
    return struct.pack(">I4s", len(contents) + 8, name) + contents


def _full_box(name: bytes, contents: bytes, version: int = 0) -> bytes:
    return _box(name, struct.pack(">I", version << 24) + contents)


_FTYP = _box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
