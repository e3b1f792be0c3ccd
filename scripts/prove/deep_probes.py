"""The probes of --deep: many photos at once, and photos within the limits that exhaust memory or time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from processing.failures import FailureCode
from processing.outcomes import Outcome
from scripts.prove import probe_images
from scripts.prove.hard_tiffs import (
    BYTES_PER_FLOAT_PIXEL,
    MAX_CHANNELS,
    channels_for,
    slow_tiff,
    tiff_asking_for,
    tiff_filling,
)
from scripts.prove.probes import Probe, ProbeKeys, put_made, put_object
from scripts.stage_rules.facts import FunctionFacts

MANY = 500
_MB = 1024 * 1024
_LEAST_MAX_BYTES = 2_000_000  # larger than each of the TIFFs
_MAX_PAGES = 5_000  # makes a TIFF of a megabyte
# RGBA with 16 bits a channel; measured: 140 million on one core of a laptop.
FASTEST_PIXELS_A_SECOND = 500_000_000
# Of the function's memory: less than what its header may need, while libvips needs a third more than the worker may
# take; measured with 1,769 and 3,008 MB. A function of less than 1,600 MB refuses it by the header.
_FILLING_SHARE = 0.71
_FAILED = (Outcome.DEAD_LETTERED,)


@dataclass(frozen=True, kw_only=True)
class ProbeLimits:
    """The limits of a stage, as its function has them."""

    max_bytes: int
    max_pixels: int
    max_pages: int
    photo_seconds: int
    memory_mb: int

    @classmethod
    def of(cls, function: FunctionFacts) -> "ProbeLimits":
        environment = function.environment
        return cls(
            max_bytes=int(environment["MAX_BYTES"]),
            max_pixels=int(environment["MAX_PIXELS"]),
            max_pages=int(environment["MAX_PAGES"]),
            photo_seconds=int(environment["PHOTO_TIMEOUT_SECONDS"]),
            memory_mb=function.memory_mb,
        )

    @property
    def slow_pages(self) -> int:
        """How many pages of `max_pixels` take longer than a photo may, on a fast processor."""
        return -(-FASTEST_PIXELS_A_SECOND * self.photo_seconds // self.max_pixels)

    @property
    def filling_bytes(self) -> int:
        """The decoded size of the photo that fills a worker's memory."""
        return int(_FILLING_SHARE * self.memory_mb) * _MB


@dataclass(frozen=True)
class HardPhoto:
    """A photo within a stage's limits that must fail.

    Attributes:
        file: its name.
        make: returns its bytes; called when it is uploaded.
        obstacle: why the stage's limits allow no such photo; empty if they do.
    """

    name: str
    file: str
    code: FailureCode
    make: Callable[[], bytes]
    obstacle: str = ""


def make_deep_probes(keys: ProbeKeys, limits: ProbeLimits) -> Iterator[Probe]:
    """Yield the probes of --deep that the limits of the stage allow."""
    for number in range(MANY):
        yield Probe("many at once", keys.key(f"many/{number:03d}"), put_object(probe_images.small_photo(number)))
    too_large = put_made(lambda: bytes(limits.max_bytes + 1))
    yield Probe("too many bytes", keys.key("large"), too_large, _FAILED, FailureCode.TOO_MANY_BYTES)
    for photo in hard_photos(limits):
        if not photo.obstacle:
            yield Probe(photo.name, keys.key(photo.file), put_made(photo.make), _FAILED, photo.code)


def left_out(limits: ProbeLimits) -> list[str]:
    """Return a sentence for each probe of --deep that the limits of the stage do not allow."""
    return [f"Not sent: {photo.name}, because {photo.obstacle}." for photo in hard_photos(limits) if photo.obstacle]


def hard_photos(limits: ProbeLimits) -> Sequence[HardPhoto]:
    """Return the photos that exhaust memory or time."""
    wanted = limits.memory_mb * _MB * 11 // 10
    return (
        HardPhoto(
            "a photo that needs more memory than the function has",
            "memory",
            FailureCode.OUT_OF_MEMORY,
            lambda: tiff_asking_for(wanted, limits.max_pixels),
            _why_no_memory_is_asked_for(limits, wanted),
        ),
        HardPhoto(
            "a photo that fills a worker's memory",
            "filling",
            FailureCode.OUT_OF_MEMORY,
            lambda: tiff_filling(limits.filling_bytes),
            _why_no_memory_is_filled(limits),
        ),
        HardPhoto(
            "a photo that outlasts its time",
            "slow",
            FailureCode.TOO_SLOW,
            lambda: slow_tiff(limits.max_pixels, limits.slow_pages),
            _why_none_is_slow(limits),
        ),
    )


def _why_no_memory_is_asked_for(limits: ProbeLimits, wanted: int) -> str:
    if channels_for(wanted, limits.max_pixels) > MAX_CHANNELS:
        return f"no photo of maxPixels ({limits.max_pixels:,}) needs {limits.memory_mb:,} MB"
    return _why_too_large(limits)


def _why_no_memory_is_filled(limits: ProbeLimits) -> str:
    if limits.filling_bytes // BYTES_PER_FLOAT_PIXEL > limits.max_pixels:
        return f"maxPixels ({limits.max_pixels:,}) is too low for one beside memoryMb ({limits.memory_mb:,})"
    return _why_too_large(limits)


def _why_none_is_slow(limits: ProbeLimits) -> str:
    if limits.slow_pages > min(limits.max_pages, _MAX_PAGES):
        return (
            f"maxPages ({limits.max_pages:,}) x maxPixels ({limits.max_pixels:,}) may take less than "
            f"photoTimeoutSeconds ({limits.photo_seconds:,} s)"
        )
    return _why_too_large(limits)


def _why_too_large(limits: ProbeLimits) -> str:
    return "" if limits.max_bytes >= _LEAST_MAX_BYTES else f"maxBytes ({limits.max_bytes:,}) is less than its size"
