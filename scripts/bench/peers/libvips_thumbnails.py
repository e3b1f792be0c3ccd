"""libvips as its documentation for Python shows it: one `thumbnail` call for each size."""

from pathlib import Path

import pyvips

from scripts.bench.peers.request_loop import SIZES, answer_requests


def render(source: Path, into: Path, _: Path) -> None:
    """Write three JPEGs."""
    for name, box in SIZES.items():
        image = pyvips.Image.thumbnail(str(source), box, height=box, size="down")
        image.write_to_file(str(into / f"{name}.jpg"), Q=80, optimize_coding=True, keep="none")


if __name__ == "__main__":
    answer_requests(render)
