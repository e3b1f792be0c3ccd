"""Checks that a JPEG is complete. Facts from ITU-T T.81, annexes B and G."""

from collections.abc import Iterable
from struct import unpack_from

from processing.failures import FailureCode, PermanentError
from processing.images.formats.input_format import Data, find_last
from processing.images.formats.jpeg_segments import END_OF_IMAGE, FRAMES, START_OF_SCAN, Segment

_END = bytes((0xFF, END_OF_IMAGE))
_COEFFICIENTS = range(64)
# Real files have ten to twenty scans. The standard allows 2,647 of a few bytes each, and for each of them the decoder
# loops over the whole picture: half a megabyte would take minutes. 4,000 megapixels in all take three seconds.
_MAX_SCANS, _MAX_SCANS_OF_ANY_SIZE = 100, 20
_MAX_SCANNED_PIXELS = 4_000_000_000


def refuse_incomplete(data: Data, found: Iterable[Segment]) -> None:
    """Refuse a JPEG that decoders would complete with blur or grey.

    They give no warning for a progressive JPEG that was cut off between two scans and closed by an end marker, nor for
    a JPEG whose tail was never written, because they take zeros for pixels.

    Args:
        data: the file.
        found: its segments, at least to the scan that completes it.

    Raises:
        PermanentError: `truncated-image`; `corrupt-image` when there are absurdly many scans; see `segments`.
        struct.error, IndexError: the file ends inside a segment.
    """
    scan = _last_needed_scan(data, found)
    if scan is None:
        raise PermanentError(FailureCode.TRUNCATED_IMAGE, "its last scans are missing")
    if find_last(data, _END, scan.end) < 0:
        raise PermanentError(FailureCode.TRUNCATED_IMAGE, "no end marker comes after its last scan")


def _last_needed_scan(data: Data, found: Iterable[Segment]) -> Segment | None:
    """Return the scan that completes every coefficient of every component."""
    missing: set[tuple[int, int]] = set()
    scans, most = 0, _MAX_SCANS
    for segment in found:
        if segment.marker in FRAMES:
            most = min(most, _max_scans(data, segment))
            missing.update((component, index) for component in _components(data, segment) for index in _COEFFICIENTS)
        elif segment.marker == START_OF_SCAN:
            scans += 1
            if scans > most:
                raise PermanentError(FailureCode.CORRUPT_IMAGE, "a progressive JPEG of far too many scans")
            missing -= _finished_by(data, segment)
            if not missing:
                return segment
    return None


def _max_scans(data: Data, frame: Segment) -> int:
    """Return how many scans a frame may have: fewer for large ones."""
    height, width = unpack_from(">HH", data, frame.body + 1)
    of_this_size = _MAX_SCANNED_PIXELS // max(1, int(height) * int(width))
    return max(_MAX_SCANS_OF_ANY_SIZE, min(_MAX_SCANS, of_this_size))


def _components(data: Data, frame: Segment) -> list[int]:
    return [data[frame.body + 6 + 3 * index] for index in range(data[frame.body + 5])]


def _finished_by(data: Data, scan: Segment) -> set[tuple[int, int]]:
    """Return component and index of the coefficients that this scan completes."""
    count = data[scan.body]
    components = [data[scan.body + 1 + 2 * index] for index in range(count)]
    first, last, approximation = unpack_from(">BBB", data, scan.body + 1 + 2 * count)
    if approximation & 15:
        return set()
    return {(component, index) for component in components for index in range(first, last + 1)}
