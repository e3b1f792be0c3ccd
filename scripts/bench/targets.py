"""What Darkroom wants to reach, held against what was measured. Missed targets are shown like the others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from scripts.bench.peer_list import DARKROOM, FLOOR, PILLOW, SHARP_CHAIN, SHARP_CLONE
from scripts.bench.photos import CAMERA_JPEGS, HUNDRED_MP, HUNDRED_MP_PNG

_MB = 1_000_000
# Darkroom's processor time divided by the peer's, at most.
_CPU_RATIOS = {SHARP_CLONE: 0.5, SHARP_CHAIN: 1.0, PILLOW: 0.25, FLOOR: 1.25}
_PEAKS = {HUNDRED_MP.name: 60 * _MB, HUNDRED_MP_PNG.name: 100 * _MB}
_GROWTH = 0.05
_WALL_TO_CPU = {1: 1.2, 2: 0.7}
_LIKENESS = 0.002
_FLATNESS = 1.1


@dataclass(frozen=True, kw_only=True)
class Check:
    """One target.

    Attributes:
        what: what is measured.
        wanted: at most.
        reached: what came out, with the photo or the range it is for.
        is_met: whether it is.
    """

    what: str
    wanted: str
    reached: str
    is_met: bool


def check_targets(results: dict[str, Any]) -> list[Check]:
    """Checks those parts of the results that are there."""
    parts: dict[str, Callable[[Any], Iterator[Check]]] = {
        "versus": _check_versus,
        "memory": _check_memory,
        "batch": _check_batch,
        "scale": _check_scale,
    }
    return [check for part, checks in parts.items() if part in results for check in checks(results[part])]


def _check_versus(part: Any) -> Iterator[Check]:
    scores = [score for score in part["scores"] if score["photo"] in {photo.name for photo in CAMERA_JPEGS}]
    for peer, wanted in _CPU_RATIOS.items():
        ratios = {s["photo"]: 1 / s["cpu_to_darkroom"]["median"] for s in scores if s["peer"] == peer}
        if ratios:
            reached = ", ".join(f"{ratio:.2f}" for ratio in ratios.values())
            sizes = ", ".join(name.removesuffix(".jpg").removesuffix("mp") for name in ratios)
            yield Check(
                what=f"CPU time / {part['titles'][peer]}, {sizes} MP",
                wanted=f"{wanted}",
                reached=reached,
                is_met=all(round(ratio, 2) <= wanted for ratio in ratios.values()),
            )
    if scores:
        yield _check_likeness(scores)


def _check_likeness(scores: list[Any]) -> Check:
    """The largest gap to the best peer, over all photos and renditions; the floor resizes nothing and is no peer."""
    gaps = []
    for photo in {score["photo"] for score in scores}:
        likenesses = {s["peer"]: s["likeness"] for s in scores if s["photo"] == photo and s["peer"] != FLOOR}
        own = likenesses[DARKROOM]
        gaps += [max(peer[i] for peer in likenesses.values()) - own[i] for i in range(len(own))]
    return Check(
        what="SSIM below the best peer's, any rendition",
        wanted=f"{_LIKENESS}",
        reached=f"{max(gaps):.4f}",
        is_met=round(max(gaps), 4) <= _LIKENESS,
    )


def _check_memory(part: Any) -> Iterator[Check]:
    for peak in part["peaks"]:
        if peak["peer"] == DARKROOM and peak["photo"] in _PEAKS:
            wanted, reached = _PEAKS[peak["photo"]], peak["over_interpreter_bytes"]
            yield Check(
                what=f"peak memory over Python's own, {peak['photo']}",
                wanted=f"{wanted / _MB:.0f} MB",
                reached=f"{reached / _MB:.0f} MB",
                is_met=reached <= wanted,
            )
    growth = part["growth"]
    ratio = growth["end_bytes"] / growth["half_bytes"] - 1
    yield Check(
        what=f"memory that the second half of {growth['photos']} photos adds",
        wanted=f"{_GROWTH:.0%}",
        reached=f"{ratio:.1%}",
        is_met=ratio < _GROWTH,
    )


def _check_batch(part: Any) -> Iterator[Check]:
    for score in part["scores"]:
        if score["name"] == DARKROOM:
            wanted, ratio = _WALL_TO_CPU[score["vcpus"]], score["wall_to_cpu"]
            cores = "one core" if score["vcpus"] == 1 else "two cores"
            yield Check(
                what=f"wall time / CPU time, batch of {score['photos']}, {cores}",
                wanted=f"{wanted}",
                reached=f"{ratio['median']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})",
                is_met=round(ratio["median"], 2) <= wanted,
            )


def _check_scale(part: Any) -> Iterator[Check]:
    runs = part["runs"]
    ratio = runs[-1]["cpu_ms"] / runs[0]["cpu_ms"]
    yield Check(
        what=f"CPU time per photo, {runs[-1]['photos']:,} photos / {runs[0]['photos']:,} photos",
        wanted=f"{_FLATNESS}",
        reached=f"{ratio:.2f}",
        is_met=round(ratio, 2) <= _FLATNESS,
    )
