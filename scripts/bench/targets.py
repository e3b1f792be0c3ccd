"""Darkroom's performance targets, and whether the measured figures meet them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from scripts.bench.peer_list import DARKROOM, FLOOR, PILLOW, SHARP_CHAIN, SHARP_CLONE
from scripts.bench.photos import CAMERA_JPEGS, HUNDRED_MP, HUNDRED_MP_PNG

_MB = 1_000_000
_CPU_RATIOS = {SHARP_CLONE: 0.5, SHARP_CHAIN: 1.0, PILLOW: 0.25, FLOOR: 1.25}  # Darkroom's CPU time / the peer's
_PEAK_MB = {HUNDRED_MP.name: 60, HUNDRED_MP_PNG.name: 100}
_GROWTH = 0.05
_WALL_TO_CPU = {1: 1.2, 2: 0.7}  # by vCPUs
_SSIM_BELOW_BEST = 0.002
_SCALE_RATIO = 1.1


@dataclass(frozen=True)
class TargetCheck:
    """A target, the highest value that meets it, and the measured one."""

    what: str
    wanted: str
    reached: str
    is_met: bool


def check_targets(results: dict[str, Any]) -> list[TargetCheck]:
    """Check the parts of the results that exist."""
    parts: dict[str, Callable[[Any], Iterator[TargetCheck]]] = {
        "versus": _check_versus,
        "memory": _check_memory,
        "batch": _check_batch,
        "scale": _check_scale,
    }
    return [check for part, checks in parts.items() if part in results for check in checks(results[part])]


def _check_versus(part: Any) -> Iterator[TargetCheck]:
    scores = [score for score in part["scores"] if score["photo"] in {photo.name for photo in CAMERA_JPEGS}]
    for peer, wanted in _CPU_RATIOS.items():
        ratios = {s["photo"]: round(1 / s["cpu_to_darkroom"]["median"], 2) for s in scores if s["peer"] == peer}
        if ratios:
            sizes = ", ".join(name.removesuffix(".jpg").removesuffix("mp") for name in ratios)
            what = f"CPU time / {part['titles'][peer]}, {sizes} MP"
            reached = ", ".join(f"{ratio:.2f}" for ratio in ratios.values())
            yield TargetCheck(what, f"{wanted}", reached, max(ratios.values()) <= wanted)
    if scores:
        gap = round(max(_ssim_gaps(scores)), 4)
        wanted = _SSIM_BELOW_BEST
        yield TargetCheck("SSIM below the best peer's, any rendition", f"{wanted}", f"{gap:.4f}", gap <= wanted)


def _ssim_gaps(scores: list[Any]) -> Iterator[float]:
    """Yield the distance to the best peer for each photo and rendition."""
    # Without the floor: it resizes nothing.
    for photo in {score["photo"] for score in scores}:
        similarities = {s["peer"]: s["likeness"] for s in scores if s["photo"] == photo and s["peer"] != FLOOR}
        for own, best in zip(similarities[DARKROOM], map(max, zip(*similarities.values(), strict=True)), strict=True):
            yield best - own


def _check_memory(part: Any) -> Iterator[TargetCheck]:
    for peak in part["peaks"]:
        if peak["peer"] == DARKROOM and peak["photo"] in _PEAK_MB:
            wanted, reached = _PEAK_MB[peak["photo"]], peak["over_interpreter_bytes"] / _MB
            what = f"peak memory over Python's own, {peak['photo']}"
            yield TargetCheck(what, f"{wanted} MB", f"{reached:.0f} MB", reached <= wanted)
    growth = part["growth"]
    ratio = growth["end_bytes"] / growth["half_bytes"] - 1
    what = f"memory that the second half of {growth['photos']} photos adds"
    yield TargetCheck(what, f"{_GROWTH:.0%}", f"{ratio:.1%}", ratio < _GROWTH)


def _check_batch(part: Any) -> Iterator[TargetCheck]:
    for score in part["scores"]:
        if score["name"] == DARKROOM:
            wanted, ratio = _WALL_TO_CPU[score["vcpus"]], score["wall_to_cpu"]
            cores = "one core" if score["vcpus"] == 1 else "two cores"
            what = f"wall time / CPU time, batch of {score['photos']}, {cores}"
            reached = f"{ratio['median']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})"
            yield TargetCheck(what, f"{wanted}", reached, round(ratio["median"], 2) <= wanted)


def _check_scale(part: Any) -> Iterator[TargetCheck]:
    smallest, largest = part["runs"][0], part["runs"][-1]
    ratio = round(largest["cpu_ms"] / smallest["cpu_ms"], 2)
    what = f"CPU time per photo, {largest['photos']:,} photos / {smallest['photos']:,} photos"
    yield TargetCheck(what, f"{_SCALE_RATIO}", f"{ratio:.2f}", ratio <= _SCALE_RATIO)
