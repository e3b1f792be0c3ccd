"""Says that it is ready, then answers each line of stdin, a JSON request, once its photo is done."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

SIZES = {"large": 1200, "medium": 600, "small": 300}


def answer_requests(render: Callable[[Path, Path], None]) -> None:
    """Renders for ever; ends when stdin does."""
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        render(Path(request["source"]), Path(request["into"]))
        print("done", flush=True)
