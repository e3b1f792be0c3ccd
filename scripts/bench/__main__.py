"""`npm run bench`: measure Darkroom beside its peers; the results go to docs/benchmarks.{md,json,svg}."""

import os
import platform
import re
import subprocess
import tempfile
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import psutil
import pyvips
import typer
from PIL import features

from scripts.bench.comparison import measure_memory, measure_versus, replace_rows
from scripts.bench.invocations import measure_batches, measure_cold_starts
from scripts.bench.lambda_emulator import find_obstacle
from scripts.bench.measurements import say
from scripts.bench.operators import measure_operators
from scripts.bench.peer import PEERS
from scripts.bench.report import read_results, write_results
from scripts.bench.roll_up import measure_roll_up
from scripts.bench.scale import measure_scale
from scripts.bench.targets import check_targets
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.cli.repository import REPOSITORY
from scripts.cli.signals import interrupt_once


class Part(StrEnum):
    """A part of the benchmark."""

    VERSUS = "versus"
    MEMORY = "memory"
    BATCH = "batch"
    COLD_START = "cold-start"
    SCALE = "scale"
    OPERATORS = "operators"
    ROLL_UP = "roll-up"


_MEASURE: dict[Part, Any] = {
    Part.VERSUS: measure_versus,
    Part.MEMORY: measure_memory,
    Part.BATCH: measure_batches,
    Part.COLD_START: measure_cold_starts,
    Part.SCALE: measure_scale,
    Part.OPERATORS: measure_operators,
    Part.ROLL_UP: measure_roll_up,
}
# The local stack with thousands of photos takes half an hour: only on request.
USUAL_PARTS: list[Part] = [part for part in Part if part is not Part.SCALE]
BUILD = REPOSITORY / ".build"
QUICK_OUT = BUILD / "bench/quick"

EPILOG = """Examples:

  npm run bench                      everything but scale: about 35 minutes

  npm run bench -- batch cold-start  these parts; the others keep their last results

  npm run bench -- versus --only heic   the rows of versus with `heic` in their names, beside the published ones

  npm run bench -- scale             100 to 5,000 photos through the local stack: about 20 minutes

  npm run bench -- operators         100,000 dead letters, a million photos, 100 ms added to each request: an hour

  npm run bench -- roll-up           a window of 12,000 digests, 100 ms added to every request: a minute

  npm run bench -- --quick           does it still run? 2 MP, one round, results to .build/bench/quick

Exit codes: 0 measured, whatever the figures; 1 could not run; 2 wrong usage; 130 interrupted."""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command(epilog=EPILOG)
def main(
    parts: Annotated[list[Part] | None, typer.Argument(help="The parts to measure; all but scale by default.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only check that it runs; the figures mean nothing.")] = False,
    out: Annotated[Path | None, typer.Option(help="The folder for the results; docs by default.")] = None,
    only: Annotated[str, typer.Option(help="Of versus: the rows with this in their names; the others stay.")] = "",
) -> None:
    """Measure Darkroom beside its peers; write a page, JSON and a chart.

    The first run makes the photos below .build/bench. Linux only.
    """
    interrupt_once()
    if only and parts != [Part.VERSUS]:
        raise typer.BadParameter("it needs the part versus, alone", param_hint="--only")
    try:
        folder = out or (QUICK_OUT if quick else REPOSITORY / "docs")
        results = measure(parts or USUAL_PARTS, folder, quick=quick, only=only)
    except (OperatorError, OSError) as error:
        say(f"Could not run: {error}")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        say("Interrupted; the finished parts are written.")
        raise SystemExit(130) from None
    for check in [] if quick else check_targets(results):
        verdict = "met   " if check.is_met else "MISSED"
        Screen().result([f"{verdict}  {check.what}: {check.reached} (at most {check.wanted})"], None)


def measure(parts: list[Part], out: Path, *, quick: bool, only: str = "") -> dict[str, Any]:
    """Measure the parts, write the results after each, return all results."""
    if (set(parts) - {Part.OPERATORS}) and (obstacle := find_obstacle()):
        raise OperatorError(obstacle)
    out.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = read_results(out)
    for number, part in enumerate(parts, start=1):
        say(f"== {number} of {len(parts)}: {part}")
        with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as folder:
            options = {"only": only} if only else {}
            figures = _MEASURE[part](Path(folder), quick=quick, **options)
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        before = results.get(part) if only else None
        whole = figures | {"measured": today, "machine": describe_machine()}
        results[part] = replace_rows(before, figures, today) if before else whole
        write_results(results, out)
    say(f"Results: {out / 'benchmarks.md'}")
    return results


def describe_machine() -> dict[str, str]:
    """Return processor, memory and versions, without anything that identifies the machine."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    node = "(v => `${process.versions.node}, sharp ${v.sharp}, libvips ${v.vips}`)(require('sharp').versions)"
    return {
        "processor": f"{model[1] if model else ''}, {len(os.sched_getaffinity(0))} cores, {platform.machine()}",
        "memory": f"{psutil.virtual_memory().total / 1e9:.0f} GB",
        "system": f"Linux {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        "libvips": ".".join(str(pyvips.version(part)) for part in range(3)),
        "Pillow": f"{version('pillow')}, libjpeg-turbo {features.version_feature('libjpeg_turbo')}",
        "Node.js": subprocess.check_output(["node", "-p", node], cwd=PEERS, text=True).strip(),
    }


if __name__ == "__main__":
    app(prog_name="npm run bench --")
