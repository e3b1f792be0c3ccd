"""The header of a JPEG: its first frame (SOF) and scan (SOS) segments. Facts from ITU-T T.81, annex B."""

import re
from struct import unpack_from

from processing.failures import FailureCode, PermanentError
from processing.formats.header import MAX_PARTS, Data, Header, ImageFormat

MAGIC = b"\xff\xd8\xff"

# A marker is 0xFF, any number of 0xFF as padding, and a byte that is neither 0x00 nor 0xFF. Cameras leave stray bytes
# between segments; decoders skip them and so does the search.
_MARKER = re.compile(rb"\xff+([^\x00\xff])")
_WITHOUT_LENGTH = frozenset((0x01, *range(0xD0, 0xD9)))  # TEM, RST0 to RST7, SOI
_END_OF_IMAGE = 0xD9
_START_OF_SCAN = 0xDA
_BASELINE, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # without DHT, JPG and DAC
_COEFFICIENT_BYTES = 2
_BLOCK_PX = 8


def read_header(data: Data) -> Header:
    """Walks the segments up to the first scan.

    Raises:
        PermanentError: `unsupported-format` (lossless, arithmetic, 12 bits), `corrupt-image`.
        struct.error, IndexError: the file ends inside its header.
    """
    position = len(MAGIC) - 1
    frame: tuple[int, int] | None = None
    for _ in range(MAX_PARTS):
        found = _MARKER.search(data, position)
        if found is None:
            raise IndexError(position)
        marker, position = found[1][0], found.end()
        if marker in _WITHOUT_LENGTH:
            continue
        if marker == _END_OF_IMAGE:
            break
        if marker in _FRAMES and frame is None:
            frame = (marker, position)
        if marker == _START_OF_SCAN and frame is not None:
            return _read_frame(data, *frame, scan_components=data[position + 2])
        position += unpack_from(">H", data, position)[0]
    raise PermanentError(FailureCode.CORRUPT_IMAGE, "a JPEG without an image in it")


def _read_frame(data: Data, marker: int, position: int, *, scan_components: int) -> Header:
    bits, height, width, components = unpack_from(">BHHB", data, position + 2)
    if marker not in (_BASELINE, _EXTENDED, _PROGRESSIVE) or bits != 8 or height == 0:
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, "a JPEG of a rare kind: lossless, arithmetic or 12 bits")
    sampling = [data[position + 9 + 3 * i] for i in range(components)]
    # One scan over all components can be decoded row by row; several scans need every coefficient kept until the last.
    in_one_scan = marker != _PROGRESSIVE and scan_components == components
    return Header(
        format=ImageFormat.JPEG,
        width_px=width,
        height_px=height,
        decode_bytes=0 if in_one_scan else _coefficient_bytes(width, height, sampling),
    )


def _coefficient_bytes(width: int, height: int, sampling: list[int]) -> int:
    factors = [(byte >> 4 or 1, byte & 15 or 1) for byte in sampling]
    widest = max((h for h, _ in factors), default=1)
    tallest = max((v for _, v in factors), default=1)
    blocks = sum(
        _blocks(width * horizontal, widest) * _blocks(height * vertical, tallest) for horizontal, vertical in factors
    )
    return blocks * _BLOCK_PX * _BLOCK_PX * _COEFFICIENT_BYTES


def _blocks(samples: int, divisor: int) -> int:
    return -(-samples // (divisor * _BLOCK_PX))
