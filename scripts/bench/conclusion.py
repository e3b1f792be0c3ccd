"""The conclusion of the benchmarks, in sentences whose figures come from the results."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.bench.peer import DARKROOM, PILLOW, SHARP_CHAIN, SHARP_CLONE
from scripts.bench.photos import CAMERA_JPEGS, HUNDRED_MP, TWELVE_MP
from scripts.bench.targets import TargetCheck


def conclude(results: dict[str, Any], checks: Sequence[TargetCheck]) -> list[str]:
    """Return a list of what the parts that exist show."""
    parts = {"versus": _time, "memory": _memory, "scale": _scale}
    lines = [line for part, write in parts.items() if part in results for line in write(results[part])]
    if checks:
        met = sum(check.is_met for check in checks)
        why = "; [the table](#targets) says why the others are not" if met < len(checks) else ""
        lines.append(f"{met} of {len(checks)} targets are met{why}.")
    return [f"- {line}" for line in lines]


def _time(part: Any) -> Iterator[str]:
    scores = {(score["peer"], score["photo"]): score for score in part["scores"]}
    own = scores.get((DARKROOM, TWELVE_MP.name))
    if own:
        ratios = {peer: scores[peer, TWELVE_MP.name]["cpu_to_darkroom"]["median"] for peer in _shown(scores)}
        peers = [f"{part['titles'][peer]} takes {ratio:.1f} times as much" for peer, ratio in ratios.items()]
        sentence = f"A {TWELVE_MP.title} takes Darkroom {own['cpu_ms']['median']:.0f} ms of processor time"
        yield f"**{'; '.join([sentence, *peers])}.**"
    chained = [
        scores[SHARP_CHAIN, photo.name]["cpu_to_darkroom"]["median"]
        for photo in CAMERA_JPEGS
        if (SHARP_CHAIN, photo.name) in scores
    ]
    if chained:
        yield (
            f"{part['titles'][SHARP_CHAIN]}, the fastest use of sharp that we know, takes {min(chained):.2f} to "
            f"{max(chained):.2f} times as much, depending on the photo."
        )


def _shown(scores: Mapping[tuple[str, str], Any]) -> list[str]:
    return [peer for peer in (SHARP_CLONE, PILLOW) if (peer, TWELVE_MP.name) in scores]


def _memory(part: Any) -> Iterator[str]:
    peaks = {peak["peer"]: peak["whole_bytes"] / 1e6 for peak in part["peaks"] if peak["photo"] == HUNDRED_MP.name}
    if DARKROOM in peaks:
        others = [f"{part['titles'][peer]} {peaks[peer]:,.0f} MB" for peer in (SHARP_CHAIN, PILLOW) if peer in peaks]
        own = f"A {HUNDRED_MP.title} needs {peaks[DARKROOM]:.0f} MB of memory"
        yield f"{'; '.join([own, *others])}."


def _scale(part: Any) -> Iterator[str]:
    few, many = part["runs"][0], part["runs"][-1]
    yield (
        f"Among {many['photos']:,} photos, one takes {many['cpu_ms']:.0f} ms through the local stack; among "
        f"{few['photos']:,}, {few['cpu_ms']:.0f} ms."
    )
