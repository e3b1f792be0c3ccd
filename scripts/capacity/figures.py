"""The measured figures, from what `npm run bench` wrote."""

import json
from pathlib import Path
from typing import Any

from scripts.capacity.plan import Figures
from scripts.cli.repository import REPOSITORY

RESULTS = REPOSITORY / "docs/benchmarks.json"
# The three renditions and the PDF of a camera's JPEG of 12 megapixels, which has 4.2 MB.
BYTES_OUT = 530_000


class FiguresError(Exception):
    """The results cannot be used; the message says what to do."""


def read_figures(results: Path = RESULTS) -> Figures:
    """Takes the batch on one vCPU and the cold start.

    Raises:
        FiguresError: there are no such results.
    """
    try:
        parts = json.loads(results.read_text())
        return pick_figures(parts)
    except (OSError, ValueError, KeyError, StopIteration) as error:
        raise FiguresError(
            f"{results.name} holds no figures of a batch and a cold start: `npm run bench -- batch cold-start` first"
        ) from error


def pick_figures(parts: dict[str, Any]) -> Figures:
    """The figures among the benchmark's results.

    Raises:
        KeyError, StopIteration: they are not all there.
    """
    scores = parts["batch"]["scores"]
    score = next(score for score in scores if score["name"] == "darkroom" and score["vcpus"] == 1)
    cpu_ms, wall_ms = score["cpu_ms"]["median"], score["wall_ms"]["median"]
    return Figures(
        cpu_ms=cpu_ms,
        waiting_ms=max(0.0, wall_ms - cpu_ms) * score["photos"],
        init_ms=parts["cold-start"]["start"]["init_wall_ms"]["median"],
        bytes_out=BYTES_OUT,
    )
