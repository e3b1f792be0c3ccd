"""The command line tool of libvips: one process for each size.

python -m scripts.bench.peers.vipsthumbnail PROGRAM
"""

import subprocess
import sys
from pathlib import Path

from scripts.bench.peers.request_loop import SIZES, answer_requests


def render(source: Path, into: Path, _: Path) -> None:
    """Write three JPEGs."""
    for name, box in SIZES.items():
        output = f"{into / name}.jpg[Q=80,optimize_coding,strip]"
        subprocess.run([sys.argv[1], str(source), "--size", f"{box}x{box}>", "--output", output], check=True)


if __name__ == "__main__":
    answer_requests(render)
