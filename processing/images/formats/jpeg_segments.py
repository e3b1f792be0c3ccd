"""The segments of a JPEG. Facts from ITU-T T.81, annex B."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack_from

from processing.failures import FailureCode, PermanentError
from processing.images.formats.input_format import MAX_PARTS, Data

START_OF_IMAGE, END_OF_IMAGE, START_OF_SCAN, APP0 = 0xD8, 0xD9, 0xDA, 0xE0
BASELINE, EXTENDED, PROGRESSIVE = 0xC0, 0xC1, 0xC2
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # without DHT, JPG and DAC

# A marker is 0xFF and a byte that is neither 0x00 nor 0xFF; further 0xFF before it are padding. Cameras leave stray
# bytes between segments; decoders skip them and so does the search, as it skips a scan's data and its restart markers.
# The pattern must not match the padding: in a file full of it, that would try every length from every position.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_WITHOUT_LENGTH = (0x01, START_OF_IMAGE, END_OF_IMAGE)
_RESERVED = frozenset((*range(0x02, 0xC0), *range(0xF0, 0xFE)))  # no decoder knows them


@dataclass(frozen=True)
class Segment:
    """A marker and its segment.

    Attributes:
        marker: the byte after 0xFF.
        start: position of that 0xFF.
        end: position after its last byte; for a scan, where its data begin.
    """

    marker: int
    start: int
    end: int

    @property
    def body(self) -> int:
        """Return where the contents begin, after the two bytes of length."""
        return self.start + 4

    @property
    def has_contents(self) -> bool:
        """Return whether decoders read it; they skip or refuse the other markers."""
        return self.marker not in _WITHOUT_LENGTH and self.marker not in _RESERVED


def segments(data: Data) -> Iterator[Segment]:
    """Yield each segment with contents, to the image's or file's end; skip stray bytes and markers.

    Raises:
        PermanentError: `corrupt-image` when there are absurdly many.
        struct.error: the file ends inside a segment's length.
    """
    return (segment for segment in markers(data) if segment.has_contents)


def markers(data: Data) -> Iterator[Segment]:
    """Yield each marker but the restart markers, to that of the image's end; raise as `segments`."""
    position = 2
    for _ in range(MAX_PARTS):
        found = _MARKER.search(data, position)
        if found is None:
            return
        marker, position = found[1][0], found.end()
        if marker in _RESERVED:
            position = _after_reserved(data, position)
        elif marker not in _WITHOUT_LENGTH:
            position += unpack_from(">H", data, position)[0]
        yield Segment(marker, found.start(), position)
        if marker == END_OF_IMAGE:
            return
    raise PermanentError(FailureCode.CORRUPT_IMAGE, "a JPEG of far too many segments")


def _after_reserved(data: Data, position: int) -> int:
    """Return where to go on after a reserved marker: it is a segment if a marker follows that, else two stray bytes."""
    end = position + int.from_bytes(data[position : position + 2], "big")
    return end if end > position + 1 and data[end : end + 1] == b"\xff" else position
