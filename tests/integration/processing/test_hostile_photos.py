"""Checks that hostile files are processed or fail with a permitted code, in time, without leaking internals."""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.damage import bits_flipped
from tests.support.forged_headers import stills
from tests.support.hostile_files import ANYTHING, KINDS
from tests.support.image_comparison import similarity
from tests.support.outcome_rules import PROCESSED, WorkerHarness

PHOTO_TIMEOUT_SECONDS = 8.0
FLIPS_PER_FORMAT = 1_000
FORMATS = ("jpeg", "png", "webp", "gif", "tiff", "avif", "heic", "grid-heic")
SEED = 20261123


@pytest.fixture(scope="module")
def harness() -> Iterator[WorkerHarness]:
    harness = WorkerHarness(PHOTO_TIMEOUT_SECONDS)
    yield harness
    harness.close()


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_files_end_processed_or_with_a_fitting_code(harness: WorkerHarness, kind: str) -> None:
    for name, hostile in KINDS[kind]():
        start, workers = time.monotonic(), len(harness.started)
        assert harness.outcome(hostile.data) in hostile.permitted, name
        assert time.monotonic() - start < PHOTO_TIMEOUT_SECONDS, name
        assert len(harness.started) == workers, f"{name} crashed its worker"


@pytest.mark.parametrize("name", FORMATS)
def test_a_thousand_photos_with_flipped_bits_end_processed_or_with_a_fitting_code(
    harness: WorkerHarness, name: str
) -> None:
    data, workers = stills()[name], len(harness.started)
    outcomes = Counter(
        harness.outcome(bits_flipped(data, seed=SEED + number, flips=1 + number % 8))
        for number in range(FLIPS_PER_FORMAT)
    )
    assert set(outcomes) <= ANYTHING
    assert outcomes.total() == FLIPS_PER_FORMAT
    assert len(harness.started) == workers, "one of them crashed its worker"


@pytest.mark.parametrize("name", stills())
def test_a_truncated_photo_is_never_delivered_half_grey(harness: WorkerHarness, name: str) -> None:
    data = stills()[name]
    assert harness.outcome(data) == PROCESSED
    whole = harness.largest()
    for cut in range(1, len(data), max(1, len(data) // 150)):
        outcome = harness.outcome(data[:-cut])
        if outcome == PROCESSED:  # nothing of the picture was behind the cut
            assert similarity(harness.largest(), whole) > 0.99, f"without its last {cut} bytes"
