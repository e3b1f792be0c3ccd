"""libvips as its documentation shows it for Python: one `thumbnail` of the file for each size."""

from pathlib import Path

import pyvips

from scripts.bench.peers.answering import SIZES, answer_requests


def render(source: Path, into: Path) -> None:
    """Three JPEGs."""
    for name, box in SIZES.items():
        image = pyvips.Image.thumbnail(str(source), box, height=box, size="down")
        image.write_to_file(str(into / f"{name}.jpg"), Q=80, optimize_coding=True, keep="none")


if __name__ == "__main__":
    answer_requests(render)
