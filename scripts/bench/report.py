"""Write the results: docs/benchmarks.json, and from it alone the page and the chart."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from string import Template
from typing import Any

from scripts.bench.chart import draw_chart
from scripts.bench.peer_list import DARKROOM
from scripts.bench.photos import CAMERA_JPEGS
from scripts.bench.targets import check_targets

# Raise it when a part's JSON changes its form, so that older results are not misread.
FORMAT = 1


def read_results(out: Path) -> dict[str, Any]:
    """Read the parts that were measured before and have the current format."""
    path = out / "benchmarks.json"
    parts = json.loads(path.read_text()) if path.exists() else {}
    return {name: part for name, part in parts.items() if part.get("format") == FORMAT}


def write_results(results: dict[str, Any], out: Path) -> None:
    """Write JSON, page and chart to the folder `out`."""
    (out / "benchmarks.json").write_text(json.dumps(results, indent=1) + "\n")
    (out / "benchmarks.md").write_text(render_page(results))
    if "versus" in results:
        part = results["versus"]
        cameras = {photo.name: photo.title for photo in CAMERA_JPEGS if photo.name in part["photos"]}
        (out / "benchmarks.svg").write_text(draw_chart(part["scores"], part["titles"], cameras or part["photos"]))


def render_page(results: dict[str, Any]) -> str:
    """Render the page from the parts that exist and page.md."""
    parts: dict[str, Callable[[Any], Iterator[str]]] = {
        "versus": _versus,
        "memory": _memory,
        "batch": _batch,
        "cold-start": _cold_start,
        "scale": _scale,
    }
    sections = [_targets(results)]
    for name, render in parts.items():
        if name in results:
            sections.append([*render(results[name]), "", f"Measured {results[name]['measured']}."])
    page = Template(Path(__file__).with_name("page.md").read_text())
    return page.substitute(
        results="\n\n".join("\n".join(section) for section in sections), machine="\n".join(_machines(results))
    )


def _targets(results: dict[str, Any]) -> list[str]:
    rows = [
        [check.what, check.wanted, check.reached, "met" if check.is_met else "**missed**"]
        for check in check_targets(results)
    ]
    return ["## Targets", "", *_table(["", "at most", "reached", ""], rows)] if rows else []


def _versus(part: Any) -> Iterator[str]:
    yield from ("## One photo at a time", "", "![Processor time for one photo](benchmarks.svg)")
    for photo, title in part["photos"].items():
        rows = [_score_row(score, part["titles"]) for score in part["scores"] if score["photo"] == photo]
        if rows:
            yield from ("", f"### {title}", "")
            yield from _table(
                ["", "CPU ms", "CPU / Darkroom", "wall ms", "peak MB", "JPEGs, KB", "SSIM 1200, 600, 300"], rows
            )
    for note in part["missing"]:
        yield from ("", f"Not on this machine: {note}.")


def _score_row(score: Any, titles: dict[str, str]) -> list[str]:
    title = titles[score["peer"]]
    return [
        f"**{title}**" if score["peer"] == DARKROOM else title,
        _spread(score["cpu_ms"]),
        _spread(score["cpu_to_darkroom"], digits=2),
        _spread(score["wall_ms"]),
        "" if score["peak_bytes"] is None else f"{score['peak_bytes'] / 1e6:.0f}",
        f"{score['output_bytes'] / 1e3:.0f}",
        " ".join(f"{value:.4f}" for value in score["likeness"] or ()),
    ]


def _memory(part: Any) -> Iterator[str]:
    yield from ("## Memory", "", "The highest memory use of a new process that renders one photo, in MB.", "")
    peaks = {(peak["peer"], peak["photo"]): peak for peak in part["peaks"]}
    rows = [
        [title, *(f"{peaks[peer, photo]['whole_bytes'] / 1e6:.0f}" for photo in part["photos"])]
        for peer, title in part["titles"].items()
    ]
    yield from _table(["", *part["photos"].values()], rows)
    yield from ("", "Darkroom's worker, in MB:", "")
    own = [peaks[DARKROOM, photo] for photo in part["photos"]]
    memory = {
        "over an idle Python": [peak["over_interpreter_bytes"] for peak in own],
        "over itself before the photo": [peak["whole_bytes"] - peak["ready_bytes"] for peak in own],
        "size of the file": [part["source_bytes"][peak["photo"]] for peak in own],
    }
    rows = [[name, *(f"{value / 1e6:.0f}" for value in values)] for name, values in memory.items()]
    yield from _table(["", *part["photos"].values()], rows)
    growth = part["growth"]
    half, end = (growth[name] / 1e6 for name in ("half_bytes", "end_bytes"))
    yield ""
    yield (
        f"{growth['photos']} photos of all kinds in one process: {half:.0f} MB in use after half of them, "
        f"{end:.0f} MB at the end."
    )


def _batch(part: Any) -> Iterator[str]:
    count = part["scores"][0]["photos"]
    yield from ("## A batch on Lambda", "", f"{count} photos, {part['photo']}. Lambda bills wall time.", "")
    names = {DARKROOM: "Darkroom", "sequential": "sequential handler"}
    rows = [
        [
            f"{names[score['name']]}, {score['vcpus']} vCPU",
            _spread(score["wall_to_cpu"], digits=2),
            _spread(score["wall_ms"]),
            _spread(score["cpu_ms"]),
        ]
        for score in part["scores"]
    ]
    yield from _table(["", "wall / CPU", "wall ms a photo", "CPU ms a photo"], rows)


def _cold_start(part: Any) -> Iterator[str]:
    yield from ("## Cold start", "")
    yield from ("One processor, which the function shares with its worker, as on Lambda with 1,769 MB.", "")
    names = {
        "init_wall_ms": "init, wall",
        "init_cpu_ms": "init, the function's own CPU",
        "first_ms": "first batch, one photo",
        "next_ms": "second batch, one photo",
    }
    yield from _table(["", "ms"], [[title, _spread(part["start"][name])] for name, title in names.items()])
    yield from ("", "Time of the imports (`-X importtime`, which slows them down):", "")
    yield from _table(["", "ms"], [[name, f"{ms:.0f}"] for name, ms in part["imports"].items()])


def _scale(part: Any) -> Iterator[str]:
    yield from ("## Scale", "")
    yield from (f"{part['photo']} through the local stack; the CPU time includes the local AWS's own.", "")
    rows = [
        [f"{run['photos']:,}", f"{run['cpu_ms']:.0f}", f"{run['wall_ms']:.0f}", f"{run['batches']:,.0f}"]
        for run in part["runs"]
    ]
    yield from _table(["photos", "CPU ms a photo", "wall ms a photo", "batches"], rows)


def _machines(results: dict[str, Any]) -> Iterator[str]:
    for machine in dict.fromkeys(tuple(part["machine"].items()) for part in results.values()):
        yield from ("", *_table(["", ""], machine))


def _spread(spread: Any, *, digits: int = 0) -> str:
    median, low, high = (f"{spread[name]:,.{digits}f}" for name in ("median", "low", "high"))
    return f"{median} ({low} to {high})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
