"""The header of a GIF: the logical screen, and a walk over the blocks to count frames. Facts from GIF89a."""

import re
from collections.abc import Iterator
from struct import unpack_from

from processing.failures import FailureCode, PermanentError
from processing.images.formats.input_format import MAX_PARTS, Data, Header, InputFormat

_MAGICS = (b"GIF87a", b"GIF89a")
_SCREEN, _SCREEN_END = 6, 13
_EXTENSION, _IMAGE = 0x21, 0x2C
_HAS_COLOUR_TABLE = 0x80
_BYTES_PER_PIXEL = 4
# 255 bytes each as writers make them: half a gigabyte. Hostile ones have one byte, and 200 MB of them took ten seconds.
_MAX_SUB_BLOCKS = 2_000_000
_NOT_ZERO = re.compile(rb"[^\0]")


def _detect(data: Data) -> bool:
    return data[:_SCREEN] in _MAGICS


def _read_header(data: Data) -> Header:
    width, height, flags, _, _ = unpack_from("<HHBBB", data, _SCREEN)
    return Header(
        format=GIF,
        width_px=width,
        height_px=height,
        pages=max(1, _count_frames(data, _SCREEN_END + _colour_table_bytes(flags))),
        row_bytes=width * _BYTES_PER_PIXEL,
        decode_bytes=len(data) + width * height * _BYTES_PER_PIXEL,
    )


def _count_frames(data: Data, position: int) -> int:
    frames, sub_blocks = 0, iter(range(_MAX_SUB_BLOCKS))
    try:
        for _ in range(MAX_PARTS):
            if data[position] == _EXTENSION:
                position = _skip_sub_blocks(data, position + 2, sub_blocks)
            elif data[position] == _IMAGE:
                frames += 1
                table = _colour_table_bytes(data[position + 9])
                position = _skip_sub_blocks(data, position + 11 + table, sub_blocks)
            else:
                _refuse_zero_tail(data, position, frames)
                break
    except IndexError:
        pass  # cut off: the decoder decides whether the first frame is complete
    return frames


def _refuse_zero_tail(data: Data, position: int, frames: int) -> None:
    # A zero in a frame's data ends the frame, and decoders fill in the missing pixels. If nothing but zeros follows,
    # the tail was never written. Some writers leave stray zeros between blocks: there other blocks follow.
    if frames < 2 and _NOT_ZERO.search(data, position) is None:  # only the first frame is rendered
        raise PermanentError(FailureCode.TRUNCATED_IMAGE, "zeros in place of its end")


def _skip_sub_blocks(data: Data, position: int, budget: Iterator[int]) -> int:
    for _ in budget:
        size = data[position]
        position += size + 1
        if not size:
            return position
    raise PermanentError(FailureCode.CORRUPT_IMAGE, "a GIF of far too many data blocks")


def _colour_table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & _HAS_COLOUR_TABLE else 0


GIF = InputFormat(name="gif", detect=_detect, read_header=_read_header, loader="gifload_source")
