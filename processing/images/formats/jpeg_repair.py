"""Fixes harmless defects so that libjpeg warns only about missing data, and tells which there were.

libjpeg only warns when data is missing, so every warning fails a photo. It also warns about harmless defects of real
cameras and programs: stray bytes and markers between segments, unknown JFIF revisions and, from some phones, wrong
spectral parameters of a baseline scan. What follows a scan's data is kept, because a damaged scan may end too early;
only zeros are removed there, because no scan ends with them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from processing.images.formats.input_format import Data
from processing.images.formats.jpeg_segments import (
    APP0,
    END_OF_IMAGE,
    PROGRESSIVE,
    START_OF_SCAN,
    Segment,
    markers,
    segments,
)
from processing.photo_notes import Note

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_JFIF = b"JFIF\0"
_JFIF_REVISION = b"\1\1"
_WHOLE_SPECTRUM = b"\0\x3f\0"  # required in a sequential scan: coefficients 0 to 63, no successive approximation
_PADDING = b"\xff"  # before a marker, any number is allowed
# What cameras append on purpose: the further pictures of an MPO, a phone's short video, Samsung's own data.
_JPEG, _VIDEO, _SAMSUNGS = b"\xff\xd8\xff", b"ftyp", b"SEFT"


@dataclass(frozen=True)
class Repaired:
    """A JPEG to decode.

    Attributes:
        data: the file itself, or a copy without its defects.
        segments: those of `data`.
        notes: on the defects that people should know of.
    """

    data: Data
    segments: Iterable[Segment]
    notes: tuple[Note, ...]


def repair(data: Data) -> Repaired:
    """Remove those defects.

    Raises:
        PermanentError: see `segments`.
    """
    found = _markers(data)
    parts, position, has_stray_bytes = _repaired_parts(data, found)
    notes = [Note.STRAY_BYTES] if has_stray_bytes else []
    if _has_unknown_end(data, position):
        notes.append(Note.BYTES_AFTER_END)
    if sum(map(len, parts)) == position and all(isinstance(part, memoryview) for part in parts):
        is_all = any(segment.marker == PROGRESSIVE for segment in found)
        return Repaired(data, found if is_all else segments(data), tuple(notes))
    repaired = b"".join((*parts, data[position:]))
    return Repaired(repaired, segments(repaired), tuple(notes))


def _markers(data: Data) -> list[Segment]:
    # A progressive JPEG can be checked and repaired as a whole; in others, what follows the scan's header is all data.
    found, is_progressive = [], False
    for segment in markers(data):
        found.append(segment)
        is_progressive |= segment.marker == PROGRESSIVE
        if segment.marker == START_OF_SCAN and not is_progressive:
            break
    return found


def _repaired_parts(data: Data, found: Sequence[Segment]) -> tuple[list[bytes | memoryview], int, bool]:
    """Repair what comes before the first scan's data, in a progressive JPEG all.

    Returns:
        What replaces the first bytes, as views of them where nothing changes; how many these are; whether there were
        stray bytes among them.
    """
    view = memoryview(data)
    parts: list[bytes | memoryview] = [view[: len(_SOI)]]
    position, is_progressive, has_stray_bytes = len(_SOI), False, False
    for segment, following in pairwise((*found, None)):
        if segment is None or segment.marker == END_OF_IMAGE:
            break
        has_stray_bytes |= not segment.has_contents or bool(bytes(data[position : segment.start]).strip(_PADDING))
        position = segment.end
        if segment.has_contents:
            is_progressive |= segment.marker == PROGRESSIVE
            parts.append(_repaired_segment(view[segment.start : segment.end], segment, is_progressive=is_progressive))
        if segment.marker == START_OF_SCAN and is_progressive:
            position = following.start if following else len(data)
            parts.append(_without_zeros(view[segment.end : position]))
            has_stray_bytes |= len(parts[-1]) < position - segment.end
    return parts, position, has_stray_bytes


def _repaired_segment(segment: memoryview, kind: Segment, *, is_progressive: bool) -> bytes | memoryview:
    if kind.marker == APP0 and bytes(segment[4:9]) == _JFIF and segment[9] != _JFIF_REVISION[0]:
        return bytes(segment[:9]) + _JFIF_REVISION + bytes(segment[11:])
    is_sequential_scan = kind.marker == START_OF_SCAN and not is_progressive
    if is_sequential_scan and bytes(segment[-len(_WHOLE_SPECTRUM) :]) != _WHOLE_SPECTRUM:
        return bytes(segment[: -len(_WHOLE_SPECTRUM)]) + _WHOLE_SPECTRUM
    return segment


def _without_zeros(scan: memoryview) -> memoryview:
    if bytes(scan[-1:]) != b"\0":
        return scan
    kept = len(bytes(scan).rstrip(b"\0"))
    return scan[: kept + (bytes(scan[kept - 1 : kept]) == b"\xff")]  # 0xFF 0x00 is a byte of the scan


def _has_unknown_end(data: Data, last_scan: int) -> bool:
    if data[-len(_EOI) :] == _EOI or data[-len(_SAMSUNGS) :] == _SAMSUNGS:
        return False
    end = re.compile(_EOI).search(data, last_scan)
    if end is None:
        return False
    start = bytes(data[end.end() : end.end() + 8])
    is_known = start.startswith(_JPEG) or start[4:] == _VIDEO
    return not is_known and bool(bytes(data[end.end() :]).strip(b"\0"))
