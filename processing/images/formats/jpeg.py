"""The header of a JPEG: its frame (SOF) and its first scan (SOS). Facts from ITU-T T.81, annex B."""

from struct import unpack_from

from processing.failures import FailureCode, PermanentError
from processing.images.formats.input_format import Data, Header, InputFormat, Prepared
from processing.images.formats.jpeg_repair import repair
from processing.images.formats.jpeg_scans import refuse_incomplete
from processing.images.formats.jpeg_segments import (
    BASELINE,
    EXTENDED,
    FRAMES,
    PROGRESSIVE,
    START_OF_SCAN,
    Segment,
    segments,
)

_MAGIC = b"\xff\xd8\xff"
_COEFFICIENT_BYTES = 2
_BLOCK_PX = 8


def _detect(data: Data) -> bool:
    return data[: len(_MAGIC)] == _MAGIC


def _read_header(data: Data) -> Header:
    frame: Segment | None = None
    for segment in segments(data):
        if segment.marker in FRAMES and frame is None:
            frame = segment
        if segment.marker == START_OF_SCAN and frame is not None:
            return _read_frame(data, frame, scan_components=data[segment.body])
    raise IndexError("no scan")


def _read_frame(data: Data, frame: Segment, *, scan_components: int) -> Header:
    bits, height, width, components = unpack_from(">BHHB", data, frame.body)
    if frame.marker not in (BASELINE, EXTENDED, PROGRESSIVE) or bits != 8 or height == 0:
        raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, "a JPEG of a rare kind: lossless, arithmetic or 12 bits")
    sampling = [data[frame.body + 7 + 3 * i] for i in range(components)]
    # One scan over all components can be decoded row by row; several scans need every coefficient kept until the last.
    in_one_scan = frame.marker != PROGRESSIVE and scan_components == components
    return Header(
        format=JPEG,
        width_px=width,
        height_px=height,
        row_bytes=width * components,
        decode_bytes=0 if in_one_scan else _coefficient_bytes(width, height, sampling),
    )


def _coefficient_bytes(width: int, height: int, sampling: list[int]) -> int:
    factors = [(byte >> 4 or 1, byte & 15 or 1) for byte in sampling]
    widest = max((horizontal for horizontal, _ in factors), default=1)
    tallest = max((vertical for _, vertical in factors), default=1)
    blocks = sum(
        _blocks(width * horizontal, widest) * _blocks(height * vertical, tallest) for horizontal, vertical in factors
    )
    return blocks * _BLOCK_PX * _BLOCK_PX * _COEFFICIENT_BYTES


def _blocks(samples: int, divisor: int) -> int:
    return -(-samples // (divisor * _BLOCK_PX))


def _prepare(data: Data) -> Prepared:
    repaired = repair(data)
    refuse_incomplete(repaired.data, repaired.segments)
    return Prepared(repaired.data, repaired.notes)


JPEG = InputFormat(
    name="jpeg",
    detect=_detect,
    read_header=_read_header,
    loader="jpegload_source",
    options={"fail_on": "warning"},  # libjpeg only warns when data is missing, and fills the rest with grey
    shrink_options=lambda shrink: {"shrink": shrink},
    prepare=_prepare,
)
