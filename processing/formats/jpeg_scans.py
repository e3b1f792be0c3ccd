"""Whether all scans of a JPEG are there. Facts from ITU-T T.81, annexes B and G."""

from struct import unpack_from

from processing.failures import FailureCode, PermanentError
from processing.formats.header import Data
from processing.formats.jpeg_segments import FRAMES, START_OF_SCAN, Segment, segments

_COEFFICIENTS = range(64)
# Real files have ten to twenty. The standard allows 2,647 of a few bytes each, and each of them makes the decoder walk
# over the whole picture: half a megabyte would keep it busy for minutes.
_MAX_SCANS = 100


def has_every_scan(data: Data) -> bool:
    """Whether each coefficient of each component is sent down to its last bit.

    A progressive JPEG that was cut between two scans and closed by an end marker decodes without any warning, to a
    blurred picture or one without colour.

    Raises:
        PermanentError: `corrupt-image` when there are absurdly many; see `segments`.
        struct.error, IndexError: the file ends inside a segment.
    """
    missing: set[tuple[int, int]] = set()
    scans = 0
    for segment in segments(data):
        if segment.marker in FRAMES:
            missing.update((component, index) for component in _components(data, segment) for index in _COEFFICIENTS)
        elif segment.marker == START_OF_SCAN:
            scans += 1
            if scans > _MAX_SCANS:
                raise PermanentError(FailureCode.CORRUPT_IMAGE, "a progressive JPEG of far too many scans")
            missing -= _finished_by(data, segment)
            if not missing:
                return True
    return False


def _components(data: Data, frame: Segment) -> list[int]:
    return [data[frame.body + 6 + 3 * index] for index in range(data[frame.body + 5])]


def _finished_by(data: Data, scan: Segment) -> set[tuple[int, int]]:
    """Component and index of the coefficients whose last bit is in this scan."""
    count = data[scan.body]
    components = [data[scan.body + 1 + 2 * index] for index in range(count)]
    first, last, approximation = unpack_from(">BBB", data, scan.body + 1 + 2 * count)
    if approximation & 15:
        return set()
    return {(component, index) for component in components for index in range(first, last + 1)}
