"""Writes the smallest HEIF around one tile. The decoder gets this, and never the boxes of an untrusted file.

Facts from ISO/IEC 14496-12 and 23008-12.
"""

from struct import pack

_ITEM = 1
_ESSENTIAL = 0x80


def wrap_tile(tile: bytes, configuration: bytes, size: tuple[int, int], code_points: bytes) -> bytes:
    """Return a file whose only picture is the tile.

    Args:
        tile: its HEVC data.
        configuration: the contents of its box hvcC.
        size: width and height in pixels.
        code_points: the contents of a box colr that say how YCbCr becomes RGB; empty for the decoder's choice.
    """
    ftyp = _box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    without_offset = _meta(0, len(tile), configuration, size, code_points)
    offset = len(ftyp) + len(without_offset) + 8
    return ftyp + _meta(offset, len(tile), configuration, size, code_points) + _box(b"mdat", tile)


def _meta(offset: int, length: int, configuration: bytes, size: tuple[int, int], code_points: bytes) -> bytes:
    properties = [_box(b"hvcC", configuration), _full_box(b"ispe", pack(">II", *size))]
    if code_points:
        properties.append(_box(b"colr", code_points))
    associations = bytes([_ESSENTIAL | 1, *range(2, len(properties) + 1)])
    ipma = pack(">IHB", 1, _ITEM, len(associations)) + associations
    entry = _full_box(b"infe", pack(">HH4sx", _ITEM, 0, b"hvc1"), version=2)
    return _full_box(
        b"meta",
        _full_box(b"hdlr", bytes(4) + b"pict" + bytes(13))
        + _full_box(b"pitm", pack(">H", _ITEM))
        + _full_box(b"iloc", pack(">BBHHHHII", 0x44, 0, 1, _ITEM, 0, 1, offset, length))
        + _full_box(b"iinf", pack(">H", 1) + entry)
        + _box(b"iprp", _box(b"ipco", b"".join(properties)) + _full_box(b"ipma", ipma)),
    )


def _box(name: bytes, contents: bytes) -> bytes:
    return pack(">I4s", len(contents) + 8, name) + contents


def _full_box(name: bytes, contents: bytes, version: int = 0) -> bytes:
    return _box(name, pack(">I", version << 24) + contents)
