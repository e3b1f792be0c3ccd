"""Fixes harmless header defects so that libjpeg warns only about missing data.

libjpeg only warns when data is missing, so every warning fails a photo. It also warns about harmless defects of real
cameras: stray bytes between segments, unknown JFIF revisions and, from some phones, wrong spectral parameters of a
baseline scan. All of these come before the first scan's data, so only that part is rewritten.
"""

from processing.images.formats.input_format import Data
from processing.images.formats.jpeg_segments import APP0, PROGRESSIVE, START_OF_SCAN, Segment, segments

_SOI = b"\xff\xd8"
_JFIF = b"JFIF\0"
_JFIF_REVISION = b"\1\1"
_WHOLE_SPECTRUM = b"\0\x3f\0"  # required in a sequential scan: coefficients 0 to 63, no successive approximation


def repair(data: Data) -> Data:
    """Return the same JPEG without those defects; the data itself if it has none.

    Raises:
        PermanentError: see `segments`.
    """
    parts = [_SOI]
    is_progressive, end = False, len(_SOI)
    for segment in segments(data):
        is_progressive |= segment.marker == PROGRESSIVE
        parts.append(_repaired(bytes(data[segment.start : segment.end]), segment, is_progressive=is_progressive))
        end = segment.end
        if segment.marker == START_OF_SCAN:
            break
    repaired = b"".join(parts)
    return data if repaired == data[:end] else repaired + data[end:]


def _repaired(segment: bytes, kind: Segment, *, is_progressive: bool) -> bytes:
    if kind.marker == APP0 and segment[4:9] == _JFIF and segment[9] != _JFIF_REVISION[0]:
        return segment[:9] + _JFIF_REVISION + segment[11:]
    if kind.marker == START_OF_SCAN and not is_progressive:
        return segment[: -len(_WHOLE_SPECTRUM)] + _WHOLE_SPECTRUM
    return segment
