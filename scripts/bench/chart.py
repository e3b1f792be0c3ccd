"""Draw the bar chart of the comparison as SVG: processor time for each photo, relative to Darkroom's."""

import io
from collections.abc import Sequence
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from scripts.bench.peer_list import DARKROOM

_COLOURS = ("#1b6ca8", "#9aa5b1", "#e0a030", "#c8641e", "#7a5195", "#4f9d69", "#b3303a")
_BAR_INCHES, _GROUP_GAP, _MARGIN_INCHES = 0.2, 1.0, 1.4


def draw_chart(scores: Sequence[Any], titles: dict[str, str], photos: dict[str, str]) -> str:
    """Return the chart; the same scores give the same SVG.

    Args:
        scores: of all peers, as in the results.
        titles: of the peers, in the order of their bars.
        photos: titles of the photos to show, by name.
    """
    group = len(titles) + _GROUP_GAP
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "benchmarks", "font.size": 9}):
        figure = Figure((9, _MARGIN_INCHES + _BAR_INCHES * group * len(photos)), layout="constrained")
        axes = figure.add_subplot()
        for index, (peer, title) in enumerate(titles.items()):
            ratios = {s["photo"]: s["cpu_to_darkroom"]["median"] for s in scores if s["peer"] == peer}
            shown = [(row * group + index, ratios[photo]) for row, photo in enumerate(photos) if photo in ratios]
            bars = axes.barh([y for y, _ in shown], [ratio for _, ratio in shown], label=title, color=_colour(index))
            axes.bar_label(bars, fmt="%.2f", padding=3, fontweight="bold" if peer == DARKROOM else "normal")
        middle = (len(titles) - 1) / 2
        axes.set_yticks([row * group + middle for row in range(len(photos))], labels=list(photos.values()))
        axes.invert_yaxis()
        axes.margins(x=0.08, y=0.01)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title("CPU time for one photo, Darkroom = 1", fontweight="bold", loc="left")
        figure.legend(loc="outside lower left", ncols=3, frameon=False)
        svg = io.StringIO()
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in svg.getvalue().splitlines()) + "\n"


def _colour(index: int) -> str:
    return _COLOURS[index % len(_COLOURS)]
