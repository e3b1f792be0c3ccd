"""Write the results: docs/benchmarks.json, and from it alone the page with the targets, and the chart."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template
from typing import Any

from scripts.bench.chart import draw_chart
from scripts.bench.conclusion import conclude
from scripts.bench.markdown import folded, spread_text, table
from scripts.bench.peer import DARKROOM
from scripts.bench.targets import TargetCheck, check_targets


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


def render_page(results: dict[str, Any]) -> str:
    """Render the page from the parts that exist and page.md."""
    checks = check_targets(results)
    sections = [_targets(checks)] if checks else []
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
        conclusion="\n".join(conclude(results, checks)),
        results="\n\n".join("\n".join(section) for section in sections),
        machine="\n".join(line for machine in machines for line in ["", *table("|", machine)]),
    )


def _targets(checks: Sequence[TargetCheck]) -> list[str]:
    rows = [
        [*check[:3], "met" if check.is_met else "**missed**", "" if check.is_met else check.reason] for check in checks
    ]
    return ["## Targets", "", *table("|at most|reached||why it is missed", rows)]


def _versus(part: Any) -> Iterator[str]:
    yield "## One photo at a time"
    for photo, title in part["photos"].items():
        rows = [_score_row(score, part["titles"][score["peer"]]) for score in part["scores"] if score["photo"] == photo]
        shown = table("|CPU ms|CPU / Darkroom|wall ms|peak MB|renditions, KB|SSIM, the largest first", rows)
        yield from ("", *folded(title, shown))
    for run, names in _later_runs(part).items():
        titles = "; ".join(part["photos"][name] for name in names)
        yield from ("", f"Of another run ({run}; compare within each table only): {titles}.")
    if heic := part.get("sharp_heic"):
        yield from (
            "",
            f"sharp, as installed, lists {', '.join(heic['lists'])} for HEIF, and says of the HEIC: `{heic['said']}`.",
        )


def _later_runs(part: Any) -> dict[str, list[str]]:
    """Return the rows that were measured after the others, by their run."""
    runs: dict[str, list[str]] = {}
    for name, run in part.get("later", {}).items():
        runs.setdefault(f"{run['measured']}, {run['rounds']} rounds", []).append(name)
    return runs


def _score_row(score: Any, title: str) -> list[str]:
    return [
        f"**{title}**" if score["peer"] == DARKROOM else title,
        spread_text(score["cpu_ms"]),
        spread_text(score["cpu_to_darkroom"], digits=2),
        spread_text(score["wall_ms"]),
        f"{score['peak_bytes'] / 1e6:.0f}",
        f"{score['output_bytes'] / 1e3:.0f}",
        " ".join(f"{value:.4f}" for value in score["likeness"] or ()),
    ]


def _memory(part: Any) -> Iterator[str]:
    yield from ("## Memory", "", "The highest memory use of a new process that renders one photo, in MB.", "")
    peaks = {(peak["peer"], peak["photo"]): f"{peak['whole_bytes'] / 1e6:.0f}" for peak in part["peaks"]}
    rows = [[title, *(peaks[peer, photo] for photo in part["photos"])] for peer, title in part["titles"].items()]
    yield from folded("Each peer and photo", table("|".join(["", *part["photos"].values()]), rows))
    growth = part["growth"]
    half, end, idle = (size / 1e6 for size in (growth["half_bytes"], growth["end_bytes"], part["interpreter_bytes"]))
    yield from ("", f"An idle Python takes {idle:.0f} MB. {growth['photos']} photos of all kinds in one process of")
    yield f"Darkroom: {half:.0f} MB in use after half of them, {end:.0f} MB at the end."


def _batch(part: Any) -> Iterator[str]:
    count = part["scores"][0]["photos"]
    yield from ("## A batch on Lambda", "", f"{count} photos, {part['photo']}. Lambda bills wall time.", "")
    keys = ("wall_ms", "cpu_ms")
    rows = [
        [f"{s['vcpus']} vCPU", spread_text(s["wall_to_cpu"], digits=2), *(spread_text(s[key]) for key in keys)]
        for s in part["scores"]
    ]
    yield from folded("By vCPUs", table("|wall / CPU|wall ms a photo|CPU ms a photo", rows))


def _cold_start(part: Any) -> Iterator[str]:
    yield from ("## Cold start", "")
    yield from ("One processor, which the function shares with its worker, as on Lambda with 1,769 MB.", "")
    titles = ("init, wall", "init, the function's own CPU", "first batch, one photo", "second batch, one photo")
    keys = ("init_wall_ms", "init_cpu_ms", "first_ms", "next_ms")
    rows = [[title, spread_text(part["start"][key])] for title, key in zip(titles, keys, strict=True)]
    yield from folded("Each step", table("|ms", rows))


def _scale(part: Any) -> Iterator[str]:
    yield from ("## Scale", "")
    yield from (f"{part['photo']} through the local stack; the CPU time includes the local AWS's own.", "")
    rows = [[f"{run[key]:,.0f}" for key in ("photos", "cpu_ms", "wall_ms", "batches")] for run in part["runs"]]
    yield from folded("By number of photos", table("photos|CPU ms a photo|wall ms a photo|batches", rows))


def _operators(part: Any) -> Iterator[str]:
    yield from ("## Operators' commands", "")
    yield f"Whole commands, {part['latency_ms']} ms added to every request. Each run checks that all were found, none"
    yield from ("twice, and that nothing stays hidden.", "")
    rows = [
        [f"`{row['command']}`", row["what"], f"{row['seconds']:.0f}", f"{row['cpu_seconds']:.0f}", _megabytes(row)]
        for row in part["rows"]
    ]
    yield from folded("Each command", table("command||seconds|CPU seconds|peak MB", rows))


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
    head = f"digests|seconds, a whole vCPU|CPU seconds|peak MB|seconds, {part['memory_mb']} MB|photos a second"
    yield from folded("The figures of the run", table(head, [row]))


def _megabytes(row: Any) -> str:
    return f"{row['peak_bytes'] / 1e6:.0f}"
