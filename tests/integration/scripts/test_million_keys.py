"""Two buckets with a million keys each, as generated listings."""

import resource
import subprocess
import sys
from collections.abc import Iterator

from processing.commit_marker import Marker
from scripts.aws.bucket_listing import Listed
from scripts.cli.repository import REPOSITORY
from scripts.reconcile.states import Expected, State, StateCounts, compare

KEYS = 1_000_000
NAMES = ("document.pdf", "large.jpg", "medium.jpg", "small.jpg")
EXPECTED = Expected(names=NAMES, fingerprint="f1", judged_before=1000.0)
MAX_GROWTH_MB = 20


def key(number: int) -> str:
    return f"2026/{number // 10_000:04}/IMG {number:07}.jpg"


def sources() -> Iterator[Listed]:
    """Generate a million source objects."""
    return (Listed(key(number), "e1", 4_000_000, 1.0) for number in range(KEYS))


def outputs() -> Iterator[Listed]:
    """Generate a million outputs: four for every fourth source."""
    return (Listed(f"{key(number)}/{name}", "x", 1, 2.0) for number in range(0, KEYS, 4) for name in NAMES)


def compare_a_million() -> None:
    """Measure memory in a new process, so that only this counts."""
    before, counts = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, StateCounts()
    for chunk in compare(sources(), outputs(), lambda _: Marker("e1", "", "f1"), EXPECTED, counts):
        for compared in chunk:
            counts.add(compared)
    growth_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert counts.listed == {"sources": KEYS, "outputs": KEYS}
    assert counts.states == {State.COMPLETE: KEYS // 4, State.MISSING: KEYS - KEYS // 4}
    assert counts.heads == KEYS // 4
    assert growth_mb < MAX_GROWTH_MB, f"{growth_mb:.0f} MB more for a million keys on each side"


def test_a_million_keys_on_each_side_fit_in_bounded_memory() -> None:
    program = f"from {__name__} import compare_a_million; compare_a_million()"
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True)
