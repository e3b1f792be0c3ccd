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
_WITHOUT_LENGTH = (0x01, START_OF_IMAGE)


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


def segments(data: Data) -> Iterator[Segment]:
    """Yield each segment with contents, to the end of the image or of the file.

    Raises:
        PermanentError: `corrupt-image` when there are absurdly many.
        struct.error: the file ends inside a segment's length.
    """
    position = 2
    for _ in range(MAX_PARTS):
        found = _MARKER.search(data, position)
        if found is None or found[1][0] == END_OF_IMAGE:
            return
        marker, position = found[1][0], found.end()
        if marker not in _WITHOUT_LENGTH:
            length = unpack_from(">H", data, position)[0]
            yield Segment(marker, position - 2, position + length)
            position += length
    raise PermanentError(FailureCode.CORRUPT_IMAGE, "a JPEG of far too many segments")
