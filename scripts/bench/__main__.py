"""`npm run bench`: measure Darkroom beside its peers; the results go to docs/benchmarks.{md,json,svg}."""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.bench.batch import measure_batches
from scripts.bench.cold_start import measure_cold_starts
from scripts.bench.comparison import measure_versus
from scripts.bench.context import FULL, QUICK, BenchContext, describe_machine
from scripts.bench.lambda_emulator import find_obstacle
from scripts.bench.measurements import BenchError, say
from scripts.bench.memory import measure_memory
from scripts.bench.peer_list import install_sharp
from scripts.bench.report import FORMAT, read_results, write_results
from scripts.bench.scale import measure_scale
from scripts.bench.targets import check_targets
from scripts.cli.repository import REPOSITORY
from scripts.cli.signals import interrupt_once
from scripts.local_stack.stack import LocalStackError
from scripts.packaging.target import BuildError

EXIT_OK, EXIT_COULD_NOT_RUN, EXIT_INTERRUPTED = 0, 1, 130


class Part(StrEnum):
    """A part of the benchmark."""

    VERSUS = "versus"
    MEMORY = "memory"
    BATCH = "batch"
    COLD_START = "cold-start"
    SCALE = "scale"


_MEASURE: dict[Part, Callable[[BenchContext], dict[str, Any]]] = {
    Part.VERSUS: measure_versus,
    Part.MEMORY: measure_memory,
    Part.BATCH: measure_batches,
    Part.COLD_START: measure_cold_starts,
    Part.SCALE: measure_scale,
}
# The local stack with thousands of photos takes half an hour: only on request.
USUAL_PARTS: list[Part] = [part for part in Part if part is not Part.SCALE]
QUICK_OUT = REPOSITORY / ".build/bench/quick"

EPILOG = """Examples:

  npm run bench                      everything but scale: about 25 minutes

  npm run bench -- batch cold-start  these parts; the others keep their last results

  npm run bench -- scale             100 to 5,000 photos through the local stack: about 20 minutes

  npm run bench -- --quick           does it still run? 2 MP, one round, results to .build/bench/quick

Exit codes: 0 measured, whatever the figures; 1 could not run; 2 wrong usage; 130 interrupted."""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command(epilog=EPILOG)
def main(
    parts: Annotated[list[Part] | None, typer.Argument(help="The parts to measure; all but scale by default.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only check that it runs; the figures mean nothing.")] = False,
    out: Annotated[Path | None, typer.Option(help="The folder for the results; docs by default.")] = None,
) -> None:
    """Measure Darkroom beside its peers; write a page, JSON and a chart.

    The first run installs sharp below .tools/bench and makes the photos below .build/bench. Linux only.
    """
    interrupt_once()
    out = out or (QUICK_OUT if quick else REPOSITORY / "docs")
    try:
        results = measure(list(parts or USUAL_PARTS), out, quick=quick)
    except (BenchError, BuildError, LocalStackError, OSError) as error:
        say(f"Could not run: {error}")
        raise SystemExit(EXIT_COULD_NOT_RUN) from None
    except KeyboardInterrupt:
        say("Interrupted; the finished parts are written.")
        raise SystemExit(EXIT_INTERRUPTED) from None
    if not quick:
        for check in check_targets(results):
            state = "met   " if check.is_met else "MISSED"
            print(f"{state}  {check.what}: {check.reached} (at most {check.wanted})")
    raise SystemExit(EXIT_OK)


def measure(parts: list[Part], out: Path, *, quick: bool) -> dict[str, Any]:
    """Measure the parts, write the results after each, return all results."""
    if obstacle := find_obstacle():
        raise BenchError(obstacle)
    out.mkdir(parents=True, exist_ok=True)
    results = read_results(out)
    install_sharp()
    build = REPOSITORY / ".build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as folder:
        context = BenchContext(amount=QUICK if quick else FULL, folder=Path(folder))
        for number, part in enumerate(parts, start=1):
            say(f"== {number} of {len(parts)}: {part}")
            stamp = {"format": FORMAT, "measured": datetime.now(UTC).date().isoformat(), "machine": describe_machine()}
            results[part] = _MEASURE[part](context) | stamp
            write_results(results, out)
    say(f"Results: {out / 'benchmarks.md'}")
    return results


if __name__ == "__main__":
    app(prog_name="npm run bench --")
