"""Write the results: docs/benchmarks.json, and from it alone the page with the targets, and the chart."""

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from scripts.bench.peer import DARKROOM, FLOOR, PILLOW, SHARP_CHAIN, SHARP_CLONE
from scripts.bench.photos import CAMERA_JPEGS, HUNDRED_MP, HUNDRED_MP_PNG

# The targets: the highest values that meet them.
_CPU_RATIOS = {SHARP_CLONE: 0.5, SHARP_CHAIN: 1.0, PILLOW: 0.25, FLOOR: 1.25}  # Darkroom's CPU time / the peer's
_SSIM_BELOW_BEST = 0.002
_PEAK_MB = {HUNDRED_MP.name: 60, HUNDRED_MP_PNG.name: 100}
_GROWTH = 0.05
_WALL_TO_CPU = {1: 1.2, 2: 0.7}  # by vCPUs
_SCALE_RATIO = 1.1
_OPERATORS_SECONDS = {  # by the row's command and size
    ("dlq list", "100,000 dead letters"): 120,
    ("dlq redrive", "1,000 chosen among 100,000"): 300,
    ("dlq redrive", "50 chosen among 8,050"): 60,
}

_ROLL_UP_SECONDS = 150  # half of the window: the other half is spare

_COLOURS = ("#1b6ca8", "#9aa5b1", "#e0a030", "#c8641e", "#7a5195", "#b3303a")
_BAR_INCHES, _GROUP_GAP, _MARGIN_INCHES = 0.2, 1.0, 1.4


class TargetCheck(NamedTuple):
    """A target, the highest value that meets it, and the measured one."""

    what: str
    wanted: str
    reached: str
    is_met: bool


def read_results(out: Path) -> Any:
    """Read the parts that were measured before."""
    path = out / "benchmarks.json"
    return json.loads(path.read_text()) if path.exists() else {}


def write_results(results: dict[str, Any], out: Path) -> None:
    """Write JSON, page and chart to the folder `out`."""
    (out / "benchmarks.json").write_text(json.dumps(results, indent=1) + "\n")
    (out / "benchmarks.md").write_text(render_page(results))
    if "versus" in results:
        (out / "benchmarks.svg").write_text(draw_chart(results["versus"]))


def check_targets(results: dict[str, Any]) -> list[TargetCheck]:
    """Check the parts of the results that exist."""
    parts = {
        "versus": _check_versus,
        "memory": _check_memory,
        "batch": _check_batch,
        "scale": _check_scale,
        "operators": _check_operators,
        "roll-up": _check_roll_up,
    }
    return [check for part, checks in parts.items() if part in results for check in checks(results[part])]


def _check_versus(part: Any) -> Iterator[TargetCheck]:
    cameras = [photo for photo in CAMERA_JPEGS if photo.name in part["photos"]]
    sizes = ", ".join(str(photo.megapixels) for photo in cameras)
    scores = {(score["peer"], score["photo"]): score for score in part["scores"]}
    for peer, wanted in _CPU_RATIOS.items():
        found = [scores[peer, photo.name] for photo in cameras if (peer, photo.name) in scores]
        ratios = [round(1 / score["cpu_to_darkroom"]["median"], 2) for score in found]
        if ratios:
            what, reached = f"CPU time / {part['titles'][peer]}, {sizes} MP", ", ".join(f"{r:.2f}" for r in ratios)
            yield TargetCheck(what, f"{wanted}", reached, max(ratios) <= wanted)
    gaps = []
    for photo in cameras:
        # Without the floor: it resizes nothing.
        found = [s["likeness"] for (peer, name), s in scores.items() if name == photo.name and peer != FLOOR]
        gaps.append(np.max(np.max(found, axis=0) - scores[DARKROOM, photo.name]["likeness"]))
    if gaps:
        gap, wanted = round(float(max(gaps)), 4), _SSIM_BELOW_BEST
        yield TargetCheck("SSIM below the best peer's, any rendition", f"{wanted}", f"{gap:.4f}", gap <= wanted)


def _check_memory(part: Any) -> Iterator[TargetCheck]:
    for peak in part["peaks"]:
        if peak["peer"] == DARKROOM and peak["photo"] in _PEAK_MB:
            wanted, reached = _PEAK_MB[peak["photo"]], (peak["whole_bytes"] - part["interpreter_bytes"]) / 1e6
            what = f"peak memory over Python's own, {peak['photo']}"
            yield TargetCheck(what, f"{wanted} MB", f"{reached:.0f} MB", reached <= wanted)
    growth = part["growth"]
    ratio = growth["end_bytes"] / growth["half_bytes"] - 1
    what = f"memory that the second half of {growth['photos']} photos adds"
    yield TargetCheck(what, f"{_GROWTH:.0%}", f"{ratio:.1%}", ratio < _GROWTH)


def _check_batch(part: Any) -> Iterator[TargetCheck]:
    for score in part["scores"]:
        wanted, ratio = _WALL_TO_CPU[score["vcpus"]], score["wall_to_cpu"]
        what = f"wall time / CPU time, batch of {score['photos']}, {score['vcpus']} vCPU"
        yield TargetCheck(what, f"{wanted}", _spread(ratio, digits=2), round(ratio["median"], 2) <= wanted)


def _check_scale(part: Any) -> Iterator[TargetCheck]:
    smallest, largest = part["runs"][0], part["runs"][-1]
    ratio = round(largest["cpu_ms"] / smallest["cpu_ms"], 2)
    what = f"CPU time per photo, {largest['photos']:,} photos / {smallest['photos']:,} photos"
    yield TargetCheck(what, f"{_SCALE_RATIO}", f"{ratio:.2f}", ratio <= _SCALE_RATIO)


def _check_operators(part: Any) -> Iterator[TargetCheck]:
    for row in part["rows"]:
        if wanted := _OPERATORS_SECONDS.get((row["command"], row["what"])):
            what = f"`{row['command']}`, {row['what']}, {part['latency_ms']} ms a request"
            yield TargetCheck(what, f"{wanted} s", f"{row['seconds']:.0f} s", row["seconds"] <= wanted)


def _check_roll_up(part: Any) -> Iterator[TargetCheck]:
    what = f"roll-up of {part['digests']:,} digests with {part['memory_mb']} MB, {part['latency_ms']} ms a request"
    is_met = part["seconds"] <= _ROLL_UP_SECONDS
    yield TargetCheck(what, f"{_ROLL_UP_SECONDS} s", f"{part['seconds']:.0f} s", is_met)
    peak_mb, most_mb = part["peak_bytes"] / 1e6, part["memory_mb"] // 2
    yield TargetCheck(
        f"memory of that run, of {part['memory_mb']} MB", f"{most_mb} MB", f"{peak_mb:.0f} MB", peak_mb <= most_mb
    )


def render_page(results: dict[str, Any]) -> str:
    """Render the page from the parts that exist and page.md."""
    checks = [[*check[:3], "met" if check.is_met else "**missed**"] for check in check_targets(results)]
    sections = [["## Targets", "", *_table("|at most|reached|", checks)]] if checks else []
    parts = {
        "versus": _versus,
        "memory": _memory,
        "batch": _batch,
        "cold-start": _cold_start,
        "scale": _scale,
        "operators": _operators,
        "roll-up": _roll_up,
    }
    for name, render in parts.items():
        if name in results:
            sections.append([*render(results[name]), "", f"Measured {results[name]['measured']}."])
    machines = dict.fromkeys(tuple(part["machine"].items()) for part in results.values())
    return Template(Path(__file__).with_name("page.md").read_text()).substitute(
        results="\n\n".join("\n".join(section) for section in sections),
        machine="\n".join(line for machine in machines for line in ["", *_table("|", machine)]),
    )


def _versus(part: Any) -> Iterator[str]:
    yield from ("## One photo at a time", "", "![Processor time for one photo](benchmarks.svg)")
    for photo, title in part["photos"].items():
        rows = [_score_row(score, part["titles"][score["peer"]]) for score in part["scores"] if score["photo"] == photo]
        yield from ("", f"### {title}", "")
        yield from _table("|CPU ms|CPU / Darkroom|wall ms|peak MB|JPEGs, KB|SSIM 1200, 600, 300", rows)


def _score_row(score: Any, title: str) -> list[str]:
    return [
        f"**{title}**" if score["peer"] == DARKROOM else title,
        _spread(score["cpu_ms"]),
        _spread(score["cpu_to_darkroom"], digits=2),
        _spread(score["wall_ms"]),
        f"{score['peak_bytes'] / 1e6:.0f}",
        f"{score['output_bytes'] / 1e3:.0f}",
        " ".join(f"{value:.4f}" for value in score["likeness"] or ()),
    ]


def _memory(part: Any) -> Iterator[str]:
    yield from ("## Memory", "", "The highest memory use of a new process that renders one photo, in MB.", "")
    peaks = {(peak["peer"], peak["photo"]): f"{peak['whole_bytes'] / 1e6:.0f}" for peak in part["peaks"]}
    rows = [[title, *(peaks[peer, photo] for photo in part["photos"])] for peer, title in part["titles"].items()]
    yield from _table("|".join(["", *part["photos"].values()]), rows)
    growth = part["growth"]
    half, end, idle = (size / 1e6 for size in (growth["half_bytes"], growth["end_bytes"], part["interpreter_bytes"]))
    yield from ("", f"An idle Python takes {idle:.0f} MB. {growth['photos']} photos of all kinds in one process of")
    yield f"Darkroom: {half:.0f} MB in use after half of them, {end:.0f} MB at the end."


def _batch(part: Any) -> Iterator[str]:
    count = part["scores"][0]["photos"]
    yield from ("## A batch on Lambda", "", f"{count} photos, {part['photo']}. Lambda bills wall time.", "")
    rows = [
        [f"{s['vcpus']} vCPU", _spread(s["wall_to_cpu"], digits=2), _spread(s["wall_ms"]), _spread(s["cpu_ms"])]
        for s in part["scores"]
    ]
    yield from _table("|wall / CPU|wall ms a photo|CPU ms a photo", rows)


def _cold_start(part: Any) -> Iterator[str]:
    yield from ("## Cold start", "")
    yield from ("One processor, which the function shares with its worker, as on Lambda with 1,769 MB.", "")
    titles = ("init, wall", "init, the function's own CPU", "first batch, one photo", "second batch, one photo")
    keys = ("init_wall_ms", "init_cpu_ms", "first_ms", "next_ms")
    yield from _table("|ms", [[title, _spread(part["start"][key])] for title, key in zip(titles, keys, strict=True)])


def _scale(part: Any) -> Iterator[str]:
    yield from ("## Scale", "")
    yield from (f"{part['photo']} through the local stack; the CPU time includes the local AWS's own.", "")
    rows = [[f"{run[key]:,.0f}" for key in ("photos", "cpu_ms", "wall_ms", "batches")] for run in part["runs"]]
    yield from _table("photos|CPU ms a photo|wall ms a photo|batches", rows)


def _operators(part: Any) -> Iterator[str]:
    yield from ("## Operators' commands", "")
    yield f"Whole commands, {part['latency_ms']} ms added to every request. Each run checks that all were found, none"
    yield from ("twice, and that nothing stays hidden.", "")
    rows = [
        [f"`{row['command']}`", row["what"], f"{row['seconds']:.0f}", f"{row['cpu_seconds']:.0f}", _megabytes(row)]
        for row in part["rows"]
    ]
    yield from _table("command||seconds|CPU seconds|peak MB", rows)


def _roll_up(part: Any) -> Iterator[str]:
    yield from ("## Roll-up", "")
    latency, memory, photos = part["latency_ms"], part["memory_mb"], part["photos"]
    yield f"One run of the packaged function, {latency} ms added to every request to SQS and SNS: the digests of"
    yield f"{photos:,} photos, which 400 photos a second leave in five minutes. It sends one summary. With"
    yield f"{memory} MB a function has {memory / 1769:.2f} vCPU; the last two figures are for that share: the CPU time"
    yield "divided by it, or the measured time where that is longer."
    yield ""
    figures = [f"{part[key]:.0f}" for key in ("wall_seconds", "cpu_seconds")]
    row = [
        f"{part['digests']:,}",
        *figures,
        _megabytes(part),
        f"{part['seconds']:.0f}",
        f"{part['photos_per_second']:,.0f}",
    ]
    yield from _table(
        f"digests|seconds, a whole vCPU|CPU seconds|peak MB|seconds, {part['memory_mb']} MB|photos a second", [row]
    )


def _megabytes(row: Any) -> str:
    return f"{row['peak_bytes'] / 1e6:.0f}"


def _spread(spread: Any, *, digits: int = 0) -> str:
    median, low, high = (f"{spread[name]:,.{digits}f}" for name in ("median", "low", "high"))
    return f"{median} ({low} to {high})"


def _table(head: str, rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table in Markdown; the head's columns are separated by `|`."""
    columns = head.split("|")
    return [f"| {' | '.join(cells)} |" for cells in (columns, ["---"] * len(columns), *rows)]


def draw_chart(part: Any) -> str:
    """Draw the CPU time for each camera JPEG, relative to Darkroom's; the same part gives the same SVG."""
    cameras = {photo.name: photo.title for photo in CAMERA_JPEGS if photo.name in part["photos"]} or part["photos"]
    group = len(part["titles"]) + _GROUP_GAP
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "benchmarks", "font.size": 9}):
        figure = Figure((9, _MARGIN_INCHES + _BAR_INCHES * group * len(cameras)), layout="constrained")
        axes = figure.add_subplot()
        for index, (peer, title) in enumerate(part["titles"].items()):
            ratios = {s["photo"]: s["cpu_to_darkroom"]["median"] for s in part["scores"] if s["peer"] == peer}
            shown = {row * group + index: ratios[photo] for row, photo in enumerate(cameras) if photo in ratios}
            bars = axes.barh([*shown], [*shown.values()], label=title, color=_COLOURS[index % len(_COLOURS)])
            axes.bar_label(bars, fmt="%.2f", padding=3, fontweight="bold" if peer == DARKROOM else "normal")
        middle = (len(part["titles"]) - 1) / 2
        axes.set_yticks([row * group + middle for row in range(len(cameras))], labels=list(cameras.values()))
        axes.invert_yaxis()
        axes.margins(x=0.08, y=0.01)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title("CPU time for one photo, Darkroom = 1", fontweight="bold", loc="left")
        figure.legend(loc="outside lower left", ncols=3, frameon=False)
        svg = io.StringIO()
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in svg.getvalue().splitlines()) + "\n"
