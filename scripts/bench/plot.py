"""A bar chart as SVG, written by hand: processor time for each photo, Darkroom's as the unit."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from scripts.bench.peer_list import DARKROOM

_WIDTH, _LEFT, _RIGHT = 860, 190, 70
_BAR, _GAP, _TOP = 15, 14, 64
_COLOURS = ("#1b6ca8", "#9aa5b1", "#e0a030", "#c8641e", "#7a5195", "#4f9d69", "#b3303a")
_TEXT = "#222222"


def draw_ratios(scores: Sequence[Any], titles: dict[str, str], photos: dict[str, str]) -> str:
    """The chart.

    Args:
        scores: of all peers, as in the results.
        titles: of the peers, in the order of their bars.
        photos: titles of the photos to show, by name.
    """
    rows = [(photo, [score for score in scores if score["photo"] == photo]) for photo in photos]
    longest = max((_ratio(score) for _, group in rows for score in group), default=1.0)
    body, y = [], _TOP
    for photo, group in rows:
        body += list(_draw_group(group, photos[photo], y, longest, list(titles)))
        y += len(group) * _BAR + _GAP
    legend = list(_draw_legend(titles))
    return "\n".join([_opening(y), *legend, *body, "</svg>"]) + "\n"


def _opening(height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" '
        f'font-size="12" fill="{_TEXT}"><title>CPU time for one photo, Darkroom = 1</title>'
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
        '<text x="12" y="20" font-size="14" font-weight="bold">CPU time for one photo, Darkroom = 1</text>'
    )


def _draw_legend(titles: dict[str, str]) -> Iterator[str]:
    x = 12
    for index, title in enumerate(titles.values()):
        yield f'<rect x="{x}" y="34" width="10" height="10" fill="{_colour(index)}"/>'
        yield f'<text x="{x + 14}" y="43" font-size="10">{escape(title)}</text>'
        x += 26 + 5 * len(title)


def _draw_group(group: Sequence[Any], title: str, y: int, longest: float, peers: list[str]) -> Iterator[str]:
    yield f'<text x="{_LEFT - 8}" y="{y + len(group) * _BAR / 2 + 4:.0f}" text-anchor="end">{escape(title)}</text>'
    for row, score in enumerate(sorted(group, key=lambda score: peers.index(score["peer"]))):
        ratio, top = _ratio(score), y + row * _BAR
        length = (_WIDTH - _LEFT - _RIGHT) * ratio / longest
        colour = _colour(peers.index(score["peer"]))
        yield f'<rect x="{_LEFT}" y="{top}" width="{length:.1f}" height="{_BAR - 2}" fill="{colour}"/>'
        weight = "bold" if score["peer"] == DARKROOM else "normal"
        yield (
            f'<text x="{_LEFT + length + 5:.1f}" y="{top + _BAR - 4}" font-size="11" '
            f'font-weight="{weight}">{ratio:.2f}</text>'
        )


def _ratio(score: Any) -> float:
    return float(score["cpu_to_darkroom"]["median"])


def _colour(index: int) -> str:
    return _COLOURS[index % len(_COLOURS)]
