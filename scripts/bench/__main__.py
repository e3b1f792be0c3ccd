"""`npm run bench`: Darkroom measured beside its peers; the results go to docs/benchmarks.{md,json,svg}."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from scripts.bench.environments import InstallError, install
from scripts.bench.parts import FORMAT, FULL, QUICK, Part, Workshop
from scripts.bench.peer_process import ContenderError
from scripts.bench.plot import draw_ratios
from scripts.bench.report import photo_titles, render_report
from scripts.bench.runtime_api import FunctionError
from scripts.bench.scale import ScaleError
from scripts.bench.targets import check_targets
from scripts.cli.repository import REPOSITORY
from scripts.cli.signals import interrupt_once
from scripts.local_stack.ministack import LocalStackError
from scripts.packaging.target import BuildError

EXIT_OK, EXIT_COULD_NOT_RUN, EXIT_INTERRUPTED = 0, 1, 130
# The local stack with thousands of photos takes half an hour: only when asked for.
USUAL_PARTS: list[Part] = [part for part in Part if part is not Part.SCALE]
QUICK_OUT = REPOSITORY / ".build/bench/quick"

EPILOG = """Examples:

  npm run bench                      everything but scale: about 25 minutes

  npm run bench -- batch cold-start  these parts; the others keep their last results

  npm run bench -- scale             100 to 5,000 photos through the local stack: about 20 minutes

  npm run bench -- --quick           does it still run? 2 MP, one round, results to .build/bench/quick

Exit codes: 0 measured, whatever came out; 1 could not run; 2 wrong usage; 130 interrupted."""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
console = Console(stderr=True)


@app.command(epilog=EPILOG)
def main(
    parts: Annotated[list[Part] | None, typer.Argument(help="What to measure; all but scale without it.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only see whether it runs; the figures mean nothing.")] = False,
    out: Annotated[Path | None, typer.Option(help="Where the results go: docs by default.")] = None,
) -> None:
    """Measures Darkroom beside its peers, on this machine, and writes a page, JSON and a chart.

    Peers are installed below .tools/bench, photos made below .build/bench: only the first time. Linux only.
    """
    interrupt_once()
    out = out or (QUICK_OUT if quick else REPOSITORY / "docs")
    try:
        results = measure(list(parts or USUAL_PARTS), out, quick=quick)
    except (InstallError, BuildError, ContenderError, FunctionError, LocalStackError, ScaleError, OSError) as error:
        say(f"Could not run: {error}")
        raise SystemExit(EXIT_COULD_NOT_RUN) from None
    except KeyboardInterrupt:
        say("Interrupted; the parts that were finished are written.")
        raise SystemExit(EXIT_INTERRUPTED) from None
    if not quick:
        print_targets(results)
    raise SystemExit(EXIT_OK)


def measure(parts: list[Part], out: Path, *, quick: bool) -> dict[str, Any]:
    """Measures the parts one after the other and writes the results after each; answers all results."""
    if sys.platform != "linux":
        raise InstallError("the benchmark looks at processes through /proc, which only Linux has")
    out.mkdir(parents=True, exist_ok=True)
    results = read_results(out)
    say(f"Installing the peers, unless they are there, to {REPOSITORY.name}/.tools/bench ...")
    installed = install()
    build = REPOSITORY / ".build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as folder:
        shop = Workshop(installed=installed, size=QUICK if quick else FULL, folder=Path(folder), say=say)
        for number, part in enumerate(parts, start=1):
            console.rule(f"{number} of {len(parts)}: {part}")
            results[part] = shop.run(part)
            write_results(results, out)
    say(f"Results: {out / 'benchmarks.md'}")
    return results


def read_results(out: Path) -> dict[str, Any]:
    """What was measured before, in the form that results have now; nothing when there is nothing."""
    path = out / "benchmarks.json"
    parts = json.loads(path.read_text()) if path.exists() else {}
    return {name: part for name, part in parts.items() if part.get("format") == FORMAT}


def write_results(results: dict[str, Any], out: Path) -> None:
    """Writes JSON, page and chart."""
    (out / "benchmarks.json").write_text(json.dumps(results, indent=1) + "\n")
    (out / "benchmarks.md").write_text(render_report(results))
    if Part.VERSUS in results:
        part = results[Part.VERSUS]
        (out / "benchmarks.svg").write_text(draw_ratios(part["scores"], part["titles"], photo_titles(part)))


def print_targets(results: dict[str, Any]) -> None:
    """Shows how the figures stand to what is wanted."""
    for check in check_targets(results):
        state = "met   " if check.is_met else "MISSED"
        print(f"{state}  {check.what}: {check.reached} (at most {check.wanted})")


def say(text: str) -> None:
    """Progress, on standard error."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    app(prog_name="npm run bench --")
