"""The header of a WebP: VP8, VP8L or VP8X. Facts from RFC 9649, "WebP Image Format"."""

from struct import unpack_from

from processing.failures import FailureCode, PermanentError
from processing.images.formats.input_format import MAX_PARTS, Data, Header, InputFormat

_CHUNKS_START = 12
_ANIMATED = 0x02
_BYTES_PER_PIXEL = 4


def _detect(data: Data) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _read_header(data: Data) -> Header:
    if unpack_from("<I", data, 4)[0] + 8 > len(data):
        raise PermanentError(FailureCode.TRUNCATED_IMAGE, "the file is shorter than its own header says")
    name = data[_CHUNKS_START : _CHUNKS_START + 4]
    body = _CHUNKS_START + 8
    if name == b"VP8 ":
        width, height = (side & 0x3FFF for side in unpack_from("<HH", data, body + 6))
        return _header(width, height, data)
    if name == b"VP8L":
        packed = unpack_from("<I", data, body + 1)[0]
        return _header((packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1, data)
    if name == b"VP8X":
        return _read_extended(data, body)
    raise PermanentError(FailureCode.CORRUPT_IMAGE, "a WebP without an image in it")


def _read_extended(data: Data, body: int) -> Header:
    flags = data[body]
    packed = unpack_from("<Q", data, body + 2)[0] >> 16  # 24 bits each of width - 1 and height - 1
    frames = _count_frames(data) if flags & _ANIMATED else 1
    return _header((packed & 0xFFFFFF) + 1, (packed >> 24 & 0xFFFFFF) + 1, data, pages=max(1, frames))


def _count_frames(data: Data) -> int:
    frames = 0
    position = _CHUNKS_START
    for _ in range(MAX_PARTS):
        if position + 8 > len(data):
            break
        frames += data[position : position + 4] == b"ANMF"
        size = unpack_from("<I", data, position + 4)[0]
        position += 8 + size + size % 2
    return frames


def _header(width: int, height: int, data: Data, *, pages: int = 1) -> Header:
    # libwebp needs the whole file in memory; its lossless and animated decoders also need a full bitmap.
    return Header(
        format=WEBP,
        width_px=width,
        height_px=height,
        pages=pages,
        row_bytes=width * _BYTES_PER_PIXEL,
        decode_bytes=len(data) + width * height * _BYTES_PER_PIXEL,
    )


WEBP = InputFormat(
    name="webp",
    detect=_detect,
    read_header=_read_header,
    loader="webpload_source",
    shrink_options=lambda shrink: {"scale": 1 / shrink},
)
