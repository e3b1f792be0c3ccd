"""The chart of the benchmarks: CPU time of each peer for each camera JPEG."""

import io
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from scripts.bench.peer import DARKROOM
from scripts.bench.photos import CAMERA_JPEGS

_COLOURS = ("#1b6ca8", "#9aa5b1", "#e0a030", "#c8641e", "#7a5195", "#b3303a")
_BAR_INCHES, _GROUP_GAP, _MARGIN_INCHES = 0.2, 1.0, 1.4


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
