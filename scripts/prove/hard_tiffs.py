"""TIFFs of less than a megabyte, within a stage's limits, that take more memory or time than a photo may."""

import struct
import zlib
from collections.abc import Sequence

_MB = 1024 * 1024
# TIFF 6.0: tags, types and values.
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _OFFSETS, _CHANNELS = 256, 257, 258, 259, 262, 273, 277
_ROWS_PER_STRIP, _STRIP_BYTES, _PLANAR, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 278, 279, 284, 338, 339
_TYPES = {"H": 3, "I": 4}  # SHORT and LONG
_DEFLATE, _RGB, _SEPARATE, _ALPHA, _FLOAT = 8, 2, 2, 2, 3
_HEADER_BYTES, _VALUE_BYTES = 8, 4
_COLUMNS = 1000  # narrow, because a worker keeps more than a thousand rows
_STRIP_ROWS = 128
MAX_CHANNELS = 500  # more are refused
BYTES_PER_FLOAT_PIXEL = 12

Field = tuple[int, str, Sequence[int]]  # tag, letter of its type, values


def slow_tiff(pixels: int, pages: int) -> bytes:
    """Return a TIFF of many large pages that share one strip of RGBA with 16 bits a channel."""
    rows = pixels // _COLUMNS
    strip = _deflated_zeros(_COLUMNS * _STRIP_ROWS * 8)
    count = -(-rows // _STRIP_ROWS)
    size = [(_WIDTH, "I", [_COLUMNS]), (_HEIGHT, "I", [rows]), (_ROWS_PER_STRIP, "I", [_STRIP_ROWS])]
    return _write(strip, count, [*size, *_rgb(4, 16)], pages)


def tiff_asking_for(size_bytes: int, pixels: int) -> bytes:
    """Return a TIFF whose header describes a single strip of so many bytes, with hardly a byte in it."""
    channels = channels_for(size_bytes, pixels)
    rows = -(-size_bytes // (2 * channels * _COLUMNS))
    size = [(_WIDTH, "I", [_COLUMNS]), (_HEIGHT, "I", [rows]), (_ROWS_PER_STRIP, "I", [rows])]
    return _write(_deflated_zeros(_COLUMNS), 1, [*size, *_rgb(channels, 16)])


def channels_for(size_bytes: int, pixels: int) -> int:
    """Return how many channels of 16 bits such pixels need to be so large; at least four."""
    return max(4, -(-size_bytes // (2 * _COLUMNS * max(1, pixels // _COLUMNS))))


def tiff_filling(size_bytes: int) -> bytes:
    """Return a TIFF of floating-point RGB with one strip for each channel; all three are the same.

    Before it decodes a pixel, libvips allocates all three strips, and one more to separate them.
    """
    rows = size_bytes // (_COLUMNS * BYTES_PER_FLOAT_PIXEL)
    strip = _deflated_zeros(_COLUMNS * rows * BYTES_PER_FLOAT_PIXEL // 3)
    size = [(_WIDTH, "I", [_COLUMNS]), (_HEIGHT, "I", [rows]), (_ROWS_PER_STRIP, "I", [rows])]
    kind = [(_PLANAR, "H", [_SEPARATE]), (_SAMPLE_FORMAT, "H", [_FLOAT] * 3)]
    return _write(strip, 3, [*size, *_rgb(3, 32), *kind])


def _rgb(channels: int, bits: int) -> list[Field]:
    fields: list[Field] = [
        (_BITS, "H", [bits] * channels),
        (_COMPRESSION, "H", [_DEFLATE]),
        (_PHOTOMETRIC, "H", [_RGB]),
        (_CHANNELS, "H", [channels]),
    ]
    return fields if channels == 3 else [*fields, (_EXTRA_SAMPLES, "H", [_ALPHA] + [0] * (channels - 4))]


def _write(strip: bytes, strips: int, fields: Sequence[Field], pages: int = 1) -> bytes:
    """Write pages of the same fields, whose strips are all the same one."""
    where = [(_OFFSETS, "I", [_HEADER_BYTES] * strips), (_STRIP_BYTES, "I", [len(strip)] * strips)]
    values = strip + bytes(len(strip) % 2)
    entries = b""
    for tag, letter, numbers in sorted([*fields, *where]):
        packed = struct.pack(f"<{len(numbers)}{letter}", *numbers)
        entries += struct.pack("<HHI", tag, _TYPES[letter], len(numbers))
        if len(packed) > _VALUE_BYTES:
            entries += struct.pack("<I", _HEADER_BYTES + len(values))
            values += packed + bytes(len(packed) % 2)
        else:
            entries += packed.ljust(_VALUE_BYTES, b"\0")
    count = struct.pack("<H", len(entries) // 12)
    first, step = _HEADER_BYTES + len(values), len(count) + len(entries) + 4
    links = [*range(first + step, first + pages * step, step), 0]
    directories = b"".join(count + entries + struct.pack("<I", link) for link in links)
    return b"II*\0" + struct.pack("<I", first) + values + directories


def _deflated_zeros(size_bytes: int) -> bytes:
    packer = zlib.compressobj()
    whole, rest = divmod(size_bytes, _MB)
    return b"".join(
        [*(packer.compress(bytes(_MB)) for _ in range(whole)), packer.compress(bytes(rest)), packer.flush()]
    )
