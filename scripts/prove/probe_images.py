"""The bodies of the probe objects: good photos, and one for each failure code that a file can cause."""

import io
import struct
import zlib
from functools import cache

from PIL import Image

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
WIDE, HIGH = 1600, 1200


@cache
def photo(shade: int = 96) -> bytes:
    """Return a JPEG of 1600 x 1200 pixels that is no flat area."""
    red, green = Image.linear_gradient("L").resize((WIDE, HIGH)), Image.radial_gradient("L").resize((WIDE, HIGH))
    image = Image.merge("RGB", (red, green, Image.new("L", (WIDE, HIGH), shade)))
    return _saved(image, format="JPEG", quality=85)


def small_photo(number: int) -> bytes:
    """Return a JPEG of some kilobytes, another one for each number."""
    return _saved(Image.new("RGB", (320, 240), (number % 256, number // 256, 128)), format="JPEG")


@cache
def truncated() -> bytes:
    """Return the first half of a JPEG."""
    whole = photo()
    return whole[: len(whole) // 2]


@cache
def corrupt() -> bytes:
    """Return a PNG whose data have a wrong checksum."""
    whole = bytearray(_saved(Image.linear_gradient("L").convert("RGB"), format="PNG"))
    data = whole.index(b"IDAT") + 4
    whole[data + 40 : data + 60] = bytes(20)
    return bytes(whole)


@cache
def too_wide(pixels: int) -> bytes:
    """Return the header of a PNG with more pixels than a limit, and no data."""
    side = int(pixels**0.5) + 1000
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return PNG_SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", b"") + _chunk(b"IEND", b"")


@cache
def too_many_pages(pages: int) -> bytes:
    """Return a TIFF with one page more than a limit, of one pixel each."""
    page = Image.new("L", (1, 1))
    return _saved(page, format="TIFF", save_all=True, append_images=[page] * pages)


def _saved(image: Image.Image, **options: object) -> bytes:
    body = io.BytesIO()
    image.save(body, **options)  # type: ignore[arg-type]
    return body.getvalue()


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
