"""The request loop of the peers in Python."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

SIZES = {"large": 1200, "medium": 600, "small": 300}


def answer_requests(render: Callable[[Path, Path, Path], None]) -> None:
    """Render each JSON request on stdin; print a line after each.

    Args:
        render: takes the source, the folder for the renditions and the folder with the reference renditions.
    """
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        render(Path(request["source"]), Path(request["into"]), Path(request["reference"]))
        print("done", flush=True)
