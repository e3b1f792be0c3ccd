"""What strangers upload: each file ends processed or with a fitting code, in time, and without a word about us."""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.damage import bits_flipped
from tests.support.forged_headers import stills
from tests.support.hostile_files import ANYTHING, KINDS
from tests.support.image_comparison import similarity
from tests.support.outcome_rules import PROCESSED, Judge

PHOTO_TIMEOUT_SECONDS = 8.0
FLIPS_PER_FORMAT = 1_000
FORMATS = ("jpeg", "png", "webp", "gif", "tiff", "avif")
SEED = 20261123


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    judge = Judge(PHOTO_TIMEOUT_SECONDS)
    yield judge
    judge.close()


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_files_end_processed_or_with_a_fitting_code(judge: Judge, kind: str) -> None:
    for name, hostile in KINDS[kind]():
        start, workers = time.monotonic(), len(judge.started)
        assert judge.outcome(hostile.data) in hostile.fitting, name
        assert time.monotonic() - start < PHOTO_TIMEOUT_SECONDS, name
        assert len(judge.started) == workers, f"{name} took its worker down"


@pytest.mark.parametrize("name", FORMATS)
def test_a_thousand_photos_with_flipped_bits_end_processed_or_with_a_fitting_code(judge: Judge, name: str) -> None:
    data, workers = stills()[name], len(judge.started)
    outcomes = Counter(
        judge.outcome(bits_flipped(data, seed=SEED + number, flips=1 + number % 8))
        for number in range(FLIPS_PER_FORMAT)
    )
    assert set(outcomes) <= ANYTHING
    assert outcomes.total() == FLIPS_PER_FORMAT
    assert len(judge.started) == workers, "one of them took its worker down"


@pytest.mark.parametrize("name", stills())
def test_a_truncated_photo_is_never_delivered_half_grey(judge: Judge, name: str) -> None:
    data = stills()[name]
    assert judge.outcome(data) == PROCESSED
    whole = judge.largest()
    for cut in range(1, len(data), max(1, len(data) // 150)):
        outcome = judge.outcome(data[:-cut])
        if outcome == PROCESSED:  # nothing of the picture was behind the cut
            assert similarity(judge.largest(), whole) > 0.99, f"without its last {cut} bytes"
