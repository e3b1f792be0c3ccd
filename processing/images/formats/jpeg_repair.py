"""Small sins of real cameras, put right so that libjpeg has nothing to warn about but missing pixels.

libjpeg only warns when data is missing, so the engine refuses whatever it warns about. It also warns about stray bytes
between segments, unknown JFIF revisions and (some phones) wrong spectral parameters of a baseline scan, which do no
harm. All of these come before the first scan's data: there the file is rewritten, and only there.
"""

from processing.images.formats.image_header import Data
from processing.images.formats.jpeg_segments import APP0, PROGRESSIVE, START_OF_SCAN, Segment, segments

_SOI = b"\xff\xd8"
_JFIF = b"JFIF\0"
_JFIF_REVISION = b"\1\1"
_WHOLE_SPECTRUM = b"\0\x3f\0"  # what a sequential scan must say: coefficients 0 to 63, no successive approximation


def repair(data: Data) -> bytes | None:
    """The same JPEG without those sins; None if it has none.

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
    return None if repaired == data[:end] else repaired + data[end:]


def _repaired(segment: bytes, kind: Segment, *, is_progressive: bool) -> bytes:
    if kind.marker == APP0 and segment[4:9] == _JFIF and segment[9] != _JFIF_REVISION[0]:
        return segment[:9] + _JFIF_REVISION + segment[11:]
    if kind.marker == START_OF_SCAN and not is_progressive:
        return segment[: -len(_WHOLE_SPECTRUM)] + _WHOLE_SPECTRUM
    return segment
