"""The measured figures meet or miss each target, and both are shown."""

from typing import Any

import pytest

from scripts.bench.targets import TargetCheck, check_targets
from tests.unit.scripts.bench.results import batch, memory, score, versus


def only(results: dict[str, Any], what: str) -> TargetCheck:
    (check,) = [check for check in check_targets(results) if what in check.what]
    return check


@pytest.mark.parametrize(("peers_share", "is_met"), [(2.0, True), (2.1, True), (1.9, False)])
def test_half_of_sharps_clone_pattern_is_the_most_cpu_time_a_photo_may_take(peers_share: float, is_met: bool) -> None:
    results = {"versus": versus(score("darkroom", 1.0), score("sharp-clone", peers_share))}
    assert only(results, "sharp <clone>").is_met is is_met


def test_one_photo_above_the_ratio_misses_it_for_all() -> None:
    photos = [score("sharp-clone", 2.5, "10mp.jpg"), score("sharp-clone", 1.5)]
    own = [score("darkroom", 1.0, "10mp.jpg"), score("darkroom", 1.0)]
    check = only({"versus": versus(*own, *photos)}, "sharp <clone>")
    assert not check.is_met
    assert check.reached == "0.40, 0.67"


@pytest.mark.parametrize(("gap", "is_met"), [(0.0, True), (0.002, True), (0.0025, False)])
def test_speed_may_cost_no_more_quality_than_two_thousandths_of_ssim(gap: float, is_met: bool) -> None:
    own, best = score("darkroom", 1.0, likeness=0.95), score("pillow", 4.0, likeness=0.95 + gap)
    assert only({"versus": versus(own, best)}, "SSIM").is_met is is_met


def test_the_floor_resizes_nothing_and_does_not_count_for_quality() -> None:
    own, floor = score("darkroom", 1.0, likeness=0.95), score("floor", 0.8, likeness=0.99)
    assert only({"versus": versus(own, floor)}, "SSIM").is_met


@pytest.mark.parametrize(("over_mb", "is_met"), [(60, True), (61, False)])
def test_a_hundred_megapixels_of_baseline_jpeg_have_sixty_megabytes(over_mb: float, is_met: bool) -> None:
    assert only({"memory": memory(over_mb)}, "100mp.jpg").is_met is is_met


@pytest.mark.parametrize(("end_mb", "is_met"), [(104, True), (106, False)])
def test_the_second_half_of_many_photos_may_add_a_twentieth(end_mb: float, is_met: bool) -> None:
    assert only({"memory": memory(50, end_mb=end_mb)}, "second half").is_met is is_met


@pytest.mark.parametrize(
    ("vcpus", "ratio", "is_met"), [(1, 1.2, True), (1, 1.21, False), (2, 0.7, True), (2, 0.8, False)]
)
def test_a_batch_may_wait_a_sixth_of_its_time_on_one_processor(vcpus: int, ratio: float, is_met: bool) -> None:
    assert only({"batch": batch(ratio, vcpus)}, "wall time").is_met is is_met


@pytest.mark.parametrize(("last", "is_met"), [(110.0, True), (120.0, False)])
def test_a_photo_costs_the_same_among_many(last: float, is_met: bool) -> None:
    runs = [{"photos": 100, "cpu_ms": 100.0}, {"photos": 5000, "cpu_ms": last}]
    assert only({"scale": {"runs": runs}}, "5,000").is_met is is_met


@pytest.mark.parametrize(("seconds", "is_met"), [(120.0, True), (121.0, False)])
def test_a_hundred_thousand_dead_letters_are_listed_in_two_minutes(seconds: float, is_met: bool) -> None:
    row = {"command": "dlq list", "what": "100,000 dead letters", "seconds": seconds}
    assert only({"operators": {"latency_ms": 100, "rows": [row]}}, "100,000").is_met is is_met


def test_what_was_not_measured_is_not_judged() -> None:
    assert check_targets({}) == []


@pytest.mark.parametrize(("peak_mb", "is_met"), [(150, True), (151, False)])
def test_reconcile_has_the_same_memory_whatever_the_number_of_photos(peak_mb: float, is_met: bool) -> None:
    row = {"command": "reconcile", "what": "1,000,000 photos", "seconds": 1.0, "peak_bytes": peak_mb * 1e6}
    results = {"operators": {"latency_ms": 100, "rows": [row]}}
    assert only(results, "memory of `reconcile`").is_met is is_met


@pytest.mark.parametrize(("seconds", "peak_mb", "met"), [(150, 256, [True, True]), (151, 257, [False, False])])
def test_a_window_of_digests_may_take_half_of_the_window_and_half_of_the_memory(
    seconds: float, peak_mb: float, met: list[bool]
) -> None:
    part = {"digests": 12_000, "memory_mb": 512, "latency_ms": 100, "seconds": seconds, "peak_bytes": peak_mb * 1e6}
    assert [check.is_met for check in check_targets({"roll-up": part})] == met


@pytest.mark.parametrize(("peers_share", "is_met"), [(1.0, True), (1.2, True), (0.9, False)])
def test_a_row_costs_at_most_what_the_best_peer_of_equal_quality_takes(peers_share: float, is_met: bool) -> None:
    rows = [score("darkroom", 1.0, "to-avif"), score("pillow", peers_share, "to-avif", likeness=0.948)]
    check = only({"versus": versus(*rows)}, "best peer of equal or higher SSIM (Pillow), photo to-avif")
    assert check.is_met is is_met


def test_a_peer_of_less_quality_is_not_the_best_peer() -> None:
    own, worse = score("darkroom", 1.0, "to-avif"), score("sharp-clone", 0.5, "to-avif", likeness=0.947)
    results = {"versus": versus(own, worse, score("pillow", 1.5, "to-avif"))}
    assert only(results, "best peer of equal or higher SSIM").reached == "0.67"
