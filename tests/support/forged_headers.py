"""Forges the headers of image files: sizes, frames and chunks that their pixels do not have."""

import struct
import zlib
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from tests.support import heic_photos, photos

SMALL = (96, 72)


@cache
def stills() -> dict[str, bytes]:
    """Return a small valid photo of each format and each kind of compression."""
    image = photos.picture(SMALL)
    return {
        "jpeg": photos.jpeg(SMALL),
        "progressive-jpeg": photos.jpeg(SMALL, progressive=True),
        "png": photos.png(image=image),
        "webp": photos.webp(image=image),
        "lossless-webp": photos.webp(image=image, lossless=True),
        "gif": encoded(image.quantize(64), "GIF"),
        "tiff": photos.tiff(image=image),
        "lzw-tiff": photos.tiff(image=image, compression="tiff_lzw"),
        "avif": photos.avif(image=image),
        "heic": heic_photos.heic(image),
        "grid-heic": heic_photos.grid_heic(image, 64),
    }


def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
    """Encode an image in one of Pillow's formats."""
    file = BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    data = stills()["png"]
    header = struct.pack(">II", width, height) + data[24:29]
    return data[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + data[33:]


def png_with(name: bytes, body: bytes) -> bytes:
    data = stills()["png"]
    return data[:33] + _chunk(name, body) + data[33:]


def deflated_zeros(megabytes: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(megabytes)) + packer.flush()


def _frame(data: bytes) -> int:
    """Return the position of a JPEG's frame segment (SOF)."""
    return next(place for place in (data.find(b"\xff\xc0"), data.find(b"\xff\xc2")) if place > 0)


def jpeg_claiming(width: int, height: int, **options: Any) -> bytes:
    data = photos.jpeg(SMALL, **options)
    place = _frame(data) + 5
    return data[:place] + struct.pack(">HH", height, width) + data[place + 4 :]


def jpeg_patched(data: bytes, *, precision: int | None = None, components: int | None = None) -> bytes:
    patched, frame = bytearray(data), _frame(data)
    if precision is not None:
        patched[frame + 4] = precision
    if components is not None:
        patched[frame + 9] = components
    return bytes(patched)


def jpeg_without(data: bytes, marker: bytes) -> bytes:
    """Remove the first segment with a marker from a JPEG."""
    start = data.index(marker)
    return data[:start] + data[start + 2 + struct.unpack_from(">H", data, start + 2)[0] :]


def gif_claiming(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + stills()["gif"][13:]


def gif_of_sub_blocks(count: int) -> bytes:
    """Make a GIF of a single comment, in sub-blocks of one byte."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 9, 9, 0, 0, 0)
    return screen + b"!\xfe" + b"\1x" * count + b"\0;"


def gif_with_frame_at(column: int) -> bytes:
    """Move the only frame of a GIF to a column of the screen, or beyond it."""
    data = stills()["gif"]
    frame = data.index(b"\x2c\0\0\0\0" + struct.pack("<HH", *SMALL))
    return data[: frame + 1] + struct.pack("<H", column) + data[frame + 3 :]


def webp_claiming(width: int, height: int) -> bytes:
    size = b"".join((side - 1).to_bytes(3, "little") for side in (width, height))
    return riff(b"VP8X", bytes(4) + size, stills()["webp"][12:])


def riff(name: bytes, body: bytes, rest: bytes = b"") -> bytes:
    chunks = name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2) + rest
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def tiff_claiming(width: int, height: int) -> bytes:
    entries = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, height), (279, 4)]
    packed = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + packed + bytes(4) + bytes(1000)


def tiff_with(data: bytes, tag: int, value: int) -> bytes:
    """Set every value of a SHORT field of a little-endian TIFF, at most two."""
    place = _tiff_field(data, tag) + 8
    count: int = struct.unpack_from("<I", data, place - 4)[0]
    values = struct.pack("<H", value) * count
    return data[:place] + values.ljust(4, b"\0") + data[place + 4 :]


def tiff_without(data: bytes, tag: int) -> bytes:
    """Remove a field from a little-endian TIFF."""
    place, directory = _tiff_field(data, tag), struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, directory)[0]
    link = directory + 2 + 12 * count
    shorter = struct.pack("<H", count - 1) + data[directory + 2 : place] + data[place + 12 : link + 4] + bytes(12)
    return data[:directory] + shorter + data[link + 4 :]


def _tiff_field(data: bytes, tag: int) -> int:
    """Return the position of a tag's directory entry."""
    directory = struct.unpack_from("<I", data, 4)[0]
    places = range(directory + 2, directory + 2 + 12 * struct.unpack_from("<H", data, directory)[0], 12)
    return next(place for place in places if struct.unpack_from("<H", data, place)[0] == tag)


def looping_tiff() -> bytes:
    data = tiff_claiming(10, 10)
    link = 10 + 9 * 12
    return data[:link] + struct.pack("<I", 8) + data[link + 4 :]


def avif_claiming(width: int, height: int) -> bytes:
    data = bytearray(stills()["avif"])
    place = data.index(b"ispe") + 8
    data[place : place + 8] = struct.pack(">II", width, height)
    return bytes(data)


def many_frames(format_: str, count: int) -> bytes:
    """Make an animation whose frames differ, because the writer merges equal ones."""
    frames = [Image.fromarray(np.full((4, 4, 3), 90 * (number % 3), dtype=np.uint8)) for number in range(count)]
    return encoded(frames[0], format_, save_all=True, append_images=frames[1:])


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def endless_scans(side: int, most: int = 2647) -> bytes:
    """Make a progressive JPEG with a scan for each bit of each coefficient: 2,647 scans.

    The standard allows it. Each scan is empty and a few bytes long, but a decoder loops over every block each time.
    Facts from ITU-T T.81, annexes B and G.

    Args:
        side: width and height.
        most: stop after this many scans.
    """
    components, blocks = (1, 2, 3), (-(-side // 8)) ** 2
    table = b"\0" + bytes([16] * 64)
    frame = struct.pack(">BHHB", 8, side, side, 3) + b"".join(bytes([component, 0x11, 0]) for component in components)
    one_code = bytes([1] + [0] * 15)  # a Huffman table of a single symbol, whose code is one zero bit
    no_difference, end_of_band_run = b"\0", b"\xe0"
    head = [
        b"\xff\xd8",
        _segment(0xDB, table),
        _segment(0xC2, frame),
        _segment(0xC4, b"\0" + one_code + no_difference),
        _segment(0xC4, b"\x10" + one_code + end_of_band_run),
    ]
    scans = [_scan(components, 0, 0, 0) + bytes(-(-3 * blocks // 8))]
    # One code: the symbol's zero bit and 14 zero bits of length, for a run of 16,384 blocks without this coefficient.
    runs = bytes(-(-15 * -(-blocks // 16_384) // 8))
    for component in components:
        for coefficient in range(1, 64):
            scans += [
                _scan((component,), coefficient, bit + 1 if bit < 13 else 0, bit) + runs for bit in range(13, -1, -1)
            ]
    return b"".join([*head, *scans[:most]]) + b"\xff\xd9"


def _scan(components: tuple[int, ...], coefficient: int, before: int, bit: int) -> bytes:
    """Make the header of a scan of one coefficient, from one bit to another."""
    selectors = b"".join(bytes([component, 0]) for component in components)
    body = bytes([len(components)]) + selectors + bytes([coefficient, coefficient, before << 4 | bit])
    return _segment(0xDA, body)


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body
