"""The results for people: docs/benchmarks.md, made from the JSON and nothing else."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from scripts.bench.peer_list import DARKROOM
from scripts.bench.photos import CAMERA_JPEGS
from scripts.bench.targets import check_targets
from scripts.capacity.costs import cost_lines, total
from scripts.capacity.figures import pick_figures
from scripts.capacity.plan import PROD, make_plan
from scripts.capacity.price_list import PriceList

_MANY = 1_000_000  # photos: enough for what comes once to vanish

_INTRODUCTION = """# Benchmarks

Made by `npm run bench`, which installs the peers, makes the photos, measures in turn (A B A B) and writes this page,
its figures as [JSON](benchmarks.json) and its [chart](benchmarks.svg). Every peer makes the same three JPEGs (longest
side 1200, 600 and 300 pixels, quality 80, optimised tables, 4:2:0); Darkroom and Pillow make a PDF as well.

Only ratios travel between machines: a noisy or slower one moves all figures alike. Each figure is a median; what
stands in parentheses is the smallest and the largest.
"""

_HOW = """## How it is measured

- **Processor time** is what the kernel gave all threads of a peer's process, seen from outside. Each peer runs as one
  process that renders photo after photo, as a service does; its start is not counted. One turn is three photos.
- **The floor** is libjpeg-turbo alone: the cheapest scaled decode that still holds the largest rendition, and the
  encoding of three renditions that are there already. It resizes nothing, so it is no peer.
- **Peak memory** is of a fresh process that renders one photo. Pages of a source file that is mapped count while they
  are held; Darkroom lets go of a JPEG of 8 MB and one scan as it reads it.
- **SSIM** compares the luminance with a reference: all pixels decoded, resized once by Lanczos, not compressed.
- **sharp, clone() per size** is the pattern of sharp's documentation, **sharp, chained** the fastest way we know to
  use it. **Pillow, as in tutorials** decodes in full, copies for each size, and saves its PDF.
- **Photos** are made: real photographs with fractal texture and a sensor's noise on top, 3 bits a pixel as from a
  camera.
- **Batches** run in AWS's own Lambda runtime client, with the packaged code and layer, against an S3 on this machine
  that answers like the real one: GET after 40 ms and then 80 MB/s, HEAD after 40 ms, PUT after 50 ms; SNS after 30 ms.
  *Sequential* is the handler that one writes first, with the same engine in it.
"""


def render_report(results: dict[str, Any]) -> str:
    """The whole page, from whatever parts there are."""
    parts: dict[str, Callable[[Any], Iterator[str]]] = {
        "versus": _versus,
        "memory": _memory,
        "batch": _batch,
        "cold-start": _cold_start,
        "scale": _scale,
    }
    lines = [_INTRODUCTION, *_targets(results)]
    for part, render in parts.items():
        if part in results:
            lines += [*render(results[part]), "", f"Measured {results[part]['measured']}.", ""]
    lines += _cost(results)
    return "\n".join([*lines, _HOW, *_machine(results)]).rstrip() + "\n"


def _targets(results: dict[str, Any]) -> Iterator[str]:
    checks = check_targets(results)
    if checks:
        yield "## Targets\n"
        yield from _table(
            ["", "at most", "reached", ""],
            [[check.what, check.wanted, check.reached, "met" if check.is_met else "**missed**"] for check in checks],
        )
        yield ""


def _versus(part: Any) -> Iterator[str]:
    yield "## One photo at a time\n"
    yield "![Processor time for one photo](benchmarks.svg)\n"
    for photo, title in part["photos"].items():
        scores = [score for score in part["scores"] if score["photo"] == photo]
        if scores:
            yield f"### {title}\n"
            yield from _table(
                ["", "CPU ms", "CPU / Darkroom", "wall ms", "peak MB", "JPEGs, KB", "SSIM 1200, 600, 300"],
                [_score_row(score, part["titles"]) for score in scores],
            )
            yield ""
    for note in part["missing"]:
        yield f"Not on this machine: {note}.\n"


def _score_row(score: Any, titles: dict[str, str]) -> list[str]:
    likeness = score["likeness"]
    title = titles[score["peer"]]
    return [
        f"**{title}**" if score["peer"] == DARKROOM else title,
        _spread(score["cpu_ms"]),
        _spread(score["cpu_to_darkroom"], digits=2),
        _spread(score["wall_ms"]),
        "" if score["peak_bytes"] is None else f"{score['peak_bytes'] / 1e6:.0f}",
        f"{score['output_bytes'] / 1e3:.0f}",
        " ".join(f"{value:.4f}" for value in likeness) if likeness else "",
    ]


def _memory(part: Any) -> Iterator[str]:
    yield "## Memory\n"
    yield "The most that a fresh process took for one photo, in MB.\n"
    photos = list(dict.fromkeys(peak["photo"] for peak in part["peaks"]))
    peaks = {(peak["peer"], peak["photo"]): peak["whole_bytes"] for peak in part["peaks"]}
    rows = [
        [title, *(f"{peaks[peer, photo] / 1e6:.0f}" if (peer, photo) in peaks else "" for photo in photos)]
        for peer, title in part["titles"].items()
    ]
    yield from _table(["", *(part["photos"][photo] for photo in photos)], rows)
    for peak in part["peaks"]:
        if peak["peer"] == DARKROOM:
            over, source = peak["over_interpreter_bytes"] / 1e6, part["source_bytes"][peak["photo"]] / 1e6
            over_ready = (peak["whole_bytes"] - peak["ready_bytes"]) / 1e6
            yield (
                f"\n{part['photos'][peak['photo']]}: Darkroom's worker takes {over:.0f} MB over an idle Python, "
                f"{over_ready:.0f} MB over itself before the photo; the file has {source:.0f} MB."
            )
    growth = part["growth"]
    half, end = (growth[name] / 1e6 for name in ("half_bytes", "end_bytes"))
    yield (
        f"\n{growth['photos']} photos of all kinds through one process: {half:.0f} MB in use after half of them, "
        f"{end:.0f} MB at the end."
    )


def _batch(part: Any) -> Iterator[str]:
    yield "## A batch on Lambda\n"
    rows = [
        [
            f"{'Darkroom' if score['name'] == DARKROOM else 'sequential handler'}, {score['vcpus']} vCPU",
            _spread(score["wall_to_cpu"], digits=2),
            _spread(score["wall_ms"]),
            _spread(score["cpu_ms"]),
        ]
        for score in part["scores"]
    ]
    count = part["scores"][0]["photos"]
    yield f"{count} photos, {part['photo']}. Wall time is what Lambda bills.\n"
    yield from _table(["", "wall / CPU", "wall ms a photo", "CPU ms a photo"], rows)


def _cold_start(part: Any) -> Iterator[str]:
    yield "## Cold start\n"
    yield "One processor, which the function shares with its worker, as on Lambda with 1,769 MB.\n"
    names = {
        "init_wall_ms": "init, wall",
        "init_cpu_ms": "init, the function's own CPU",
        "first_ms": "first batch, one photo",
        "next_ms": "second batch, one photo",
    }
    yield from _table(["", "ms"], [[title, _spread(part["start"][name])] for name, title in names.items()])
    yield "\nWhere the imports go (`-X importtime`, which slows them down):\n"
    yield from _table(["", "ms"], [[name, f"{ms:.0f}"] for name, ms in part["imports"].items()])


def _scale(part: Any) -> Iterator[str]:
    yield "## Scale\n"
    yield f"{part['photo']} through the whole service on the local stack; the local AWS's own time is in it.\n"
    yield from _table(
        ["photos", "CPU ms a photo", "wall ms a photo", "batches"],
        [
            [f"{run['photos']:,}", f"{run['cpu_ms']:.0f}", f"{run['wall_ms']:.0f}", f"{run['batches']:,}"]
            for run in part["runs"]
        ],
    )


def _cost(results: dict[str, Any]) -> Iterator[str]:
    if not {"batch", "cold-start"} <= results.keys():
        return
    plan = make_plan(_MANY, pick_figures(results), PROD)
    lines = cost_lines(plan, PROD, PriceList())
    yield "## What a thousand photos cost\n"
    yield (
        f"**${_per_thousand(total(lines)):.4f}** for a thousand photos of 12 MP, uploads included, at the prices of "
        "us-east-1 in November 2026 and as if Lambda's processor were this one; "
        "`npm run capacity` works it out for others.\n"
    )
    yield from _table(["", "dollars"], [[line.what, f"{_per_thousand(line.dollars):.4f}"] for line in lines])
    yield ""


def _per_thousand(dollars: float) -> float:
    return dollars / _MANY * 1000


def _machine(results: dict[str, Any]) -> Iterator[str]:
    machines = list(dict.fromkeys(tuple(part["machine"].items()) for part in results.values()))
    yield "## The machine\n"
    for machine in machines:
        yield from _table(["", ""], [[name, value] for name, value in machine])
        yield ""


def photo_titles(part: Any) -> dict[str, str]:
    """The camera JPEGs of a comparison, for its chart; all photos when there are none."""
    cameras = {photo.name for photo in CAMERA_JPEGS}
    titles: dict[str, str] = part["photos"]
    return {name: title for name, title in titles.items() if name in cameras} or titles


def _spread(spread: Any, *, digits: int = 0) -> str:
    median, low, high = (f"{spread[name]:,.{digits}f}" for name in ("median", "low", "high"))
    return f"{median} ({low} to {high})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "|".join("---" for _ in head) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"
