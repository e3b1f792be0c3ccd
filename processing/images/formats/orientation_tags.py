"""Orientations as EXIF numbers them, 1 to 8, from EXIF blocks, XMP packets and HEIF's boxes. Facts from Exif 3.0."""

import re
import struct
from dataclasses import dataclass

from processing.images.formats.input_format import Data
from processing.images.formats.tiff_directory import DirectoryReader

UPRIGHT = 1
_TAG = 0x0112
_VALID = range(1, 9)
_PREFIX = b"Exif\0\0"
# As an attribute or as an element. A packet may begin with any number of namespaces and histories.
_IN_XMP = re.compile(rb"tiff:Orientation(?:\s*=\s*[\"']|\s*>\s*)([1-8])\s*[\"'<]")
_XMP_BYTES = 1024 * 1024
# By whether the picture is mirrored left to right, and then by quarter turns anticlockwise.
_NUMBERS = {
    (False, 0): 1,
    (True, 0): 2,
    (False, 2): 3,
    (True, 2): 4,
    (True, 1): 5,
    (False, 3): 6,
    (True, 3): 7,
    (False, 1): 8,
}


@dataclass(frozen=True)
class Turn:
    """A mirroring from left to right, if any, and quarter turns anticlockwise after it."""

    is_mirrored: bool = False
    quarters: int = 0

    def rotated(self, quarters: int) -> "Turn":
        """Return this and then so many quarter turns anticlockwise."""
        return Turn(self.is_mirrored, (self.quarters + quarters) % 4)

    def mirrored(self, *, top_to_bottom: bool) -> "Turn":
        """Return this and then a mirroring."""
        return Turn(not self.is_mirrored, ((2 if top_to_bottom else 0) - self.quarters) % 4)

    @property
    def orientation(self) -> int:
        """Return EXIF's number."""
        return _NUMBERS[self.is_mirrored, self.quarters]


def exif_orientation(block: Data) -> int | None:
    """Return the orientation of an EXIF block, with or without its prefix; None if absent or invalid."""
    if block[: len(_PREFIX)] == _PREFIX:
        block = block[len(_PREFIX) :]
    try:
        reader = DirectoryReader(block)
        number = reader.read(next(reader.starts())).number(_TAG, 0)
    except (struct.error, OverflowError, StopIteration):
        return None
    return number if number in _VALID else None


def xmp_orientation(packet: Data) -> int | None:
    """Return the orientation of an XMP packet; None if absent or invalid."""
    found = _IN_XMP.search(packet[:_XMP_BYTES])
    return int(found[1]) if found else None
