from dataclasses import replace
from typing import Any

import pytest

from processing.failures import FailureCode
from processing.images.header import further_pages, inspect_header
from processing.settings import Limits
from scripts.aws.key_filter import KeyFilter
from scripts.prove import deep_probes
from scripts.prove.deep_probes import FASTEST_PIXELS_A_SECOND, ProbeLimits, left_out, make_deep_probes
from scripts.prove.probes import ProbeKeys

DEFAULTS = ProbeLimits(max_bytes=200_000_000, max_pixels=200_000_000, max_pages=1000, photo_seconds=25, memory_mb=1769)
KEYS = ProbeKeys(KeyFilter(), "run")
MB = 1024 * 1024
ASKING, FILLING, SLOW = (
    "a photo that needs more memory than the function has",
    "a photo that fills a worker's memory",
    "a photo that outlasts its time",
)


class Uploads:
    """An S3 client that keeps the bodies."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def put_object(self, *, Body: bytes, **_: Any) -> None:  # noqa: N803 (boto3's name)
        self.bodies.append(Body)


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deep_probes, "MANY", 2)


def sent(limits: ProbeLimits) -> dict[str, FailureCode | None]:
    return {probe.name: probe.code for probe in make_deep_probes(KEYS, limits)}


def body(name: str, limits: ProbeLimits) -> bytes:
    (probe,) = [probe for probe in make_deep_probes(KEYS, limits) if probe.name == name]
    uploads = Uploads()
    probe.put(uploads, "bucket", probe.key)
    return uploads.bodies[0]


def limits_of(limits: ProbeLimits) -> Limits:
    return Limits(max_bytes=limits.max_bytes, max_pixels=limits.max_pixels, max_pages=limits.max_pages)


def test_a_stage_as_it_is_deployed_gets_every_probe() -> None:
    assert left_out(DEFAULTS) == []
    assert sent(DEFAULTS) == {
        "many at once": None,
        "too many bytes": FailureCode.TOO_MANY_BYTES,
        ASKING: FailureCode.OUT_OF_MEMORY,
        FILLING: FailureCode.OUT_OF_MEMORY,
        SLOW: FailureCode.TOO_SLOW,
    }


@pytest.mark.parametrize("memory_mb", [128, 1769, 10_240])
def test_a_photo_asks_for_more_memory_than_the_function_has_within_all_limits(memory_mb: int) -> None:
    limits = replace(DEFAULTS, memory_mb=memory_mb)
    photo = body(ASKING, limits)
    assert len(photo) < 10_000
    assert inspect_header(photo, limits_of(limits)).memory_bytes > memory_mb * MB


def test_the_photo_that_fills_a_workers_memory_passes_the_estimate_of_its_header() -> None:
    photo = body(FILLING, DEFAULTS)
    assert len(photo) < 2_000_000
    # The memory of all photos in a function of 1,769 MB is 1,347 MB, see handlers/worker_pool.py.
    assert 0.7 * 1769 * MB < inspect_header(photo, limits_of(DEFAULTS)).memory_bytes < 1347 * MB


@pytest.mark.parametrize(
    "limits",
    [
        DEFAULTS,
        replace(DEFAULTS, max_pixels=20_000_000),
        replace(DEFAULTS, max_pages=70),
        replace(DEFAULTS, photo_seconds=2),
    ],
)
def test_the_photo_that_outlasts_its_time_keeps_every_other_limit(limits: ProbeLimits) -> None:
    photo = body(SLOW, limits)
    assert len(photo) < 2_000_000
    first = inspect_header(photo, limits_of(limits))
    pages = [first, *further_pages(photo, first, limits_of(limits))]
    assert sum(page.width_px * page.height_px for page in pages) >= limits.photo_seconds * FASTEST_PIXELS_A_SECOND
    assert max(page.memory_bytes for page in pages) < 128 * MB


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        (
            SLOW,
            {"max_pages": 1},
            "maxPages (1) x maxPixels (200,000,000) may take less than photoTimeoutSeconds (25 s)",
        ),
        (SLOW, {"max_pixels": 1000}, "maxPages (1,000) x maxPixels (1,000) may take less than"),
        (SLOW, {"photo_seconds": 800}, "may take less than photoTimeoutSeconds (800 s)"),
        (SLOW, {"max_bytes": 100_000}, "maxBytes (100,000) is less than its size"),
        (ASKING, {"max_pixels": 1_000_000}, "no photo of maxPixels (1,000,000) needs 1,769 MB"),
        (ASKING, {"max_pixels": 1}, "no photo of maxPixels (1) needs 1,769 MB"),
        (FILLING, {"memory_mb": 10_240}, "maxPixels (200,000,000) is too low for one beside memoryMb (10,240)"),
    ],
)
def test_a_photo_that_the_limits_do_not_allow_is_not_sent_and_that_is_told(
    name: str, change: dict[str, int], reason: str
) -> None:
    limits = replace(DEFAULTS, **change)
    assert name not in sent(limits)
    (sentence,) = [sentence for sentence in left_out(limits) if name in sentence]
    assert sentence.startswith(f"Not sent: {name}, because ")
    assert reason in sentence
