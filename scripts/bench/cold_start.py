"""Measure a cold start under Lambda's runtime emulator, with the packaged code and its bytecode."""

import subprocess
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scripts.bench.batch import invoke, run_function, s3_batch
from scripts.bench.bench_settings import FUNCTION_VARIABLES
from scripts.bench.context import BenchContext
from scripts.bench.lambda_emulator import RUNTIME, Package, function_environment, unpack
from scripts.bench.measurements import cpu_seconds, say, spread
from scripts.bench.photos import make_photos
from scripts.bench.slow_aws import slow_aws

# Packages that are shown together; Powertools and the SDK with their dependencies.
_GROUPS = {
    "AWS SDK": ("boto3", "botocore", "s3transfer", "urllib3", "jmespath", "dateutil", "six"),
    "Powertools": ("aws_lambda_powertools", "jmespath_utils", "typing_extensions"),
    "Darkroom": ("handlers", "processing"),
}
_STANDARD_LIBRARY = "standard library and Python itself"


def measure_cold_starts(context: BenchContext) -> dict[str, Any]:
    """Start the function several times on one vCPU, then measure its imports.

    Returns:
        The part `cold-start` of the results, in ms.

    Raises:
        BenchError: the emulator or the function failed.
    """
    ((_, photo),) = make_photos([context.amount.batch])
    package, event = unpack(context.folder), s3_batch(1, photo.stat().st_size)
    log = context.folder / "cold-start.log"
    with slow_aws(photo) as endpoint_url:
        runs = [_start_once(package, endpoint_url, log, event) for _ in range(context.amount.rounds)]
    start = {name: spread([run[name] for run in runs]) for name in runs[0]}
    return {"start": start, "imports": _measure_imports(package)}


def _start_once(package: Package, endpoint_url: str, log: Path, event: dict[str, Any]) -> dict[str, float]:
    with run_function(package, endpoint_url, log, vcpus=1) as function:
        # The emulator starts Python at the first invocation; the handler refuses an empty event at once.
        seconds = [function.invoke({}).seconds, cpu_seconds(function.function_pid())]
        seconds += [invoke(function, event).wall_seconds for _ in range(2)]
    names = ("init_wall_ms", "init_cpu_ms", "first_ms", "next_ms")
    times = {name: 1000 * value for name, value in zip(names, seconds, strict=True)}
    say(", ".join(f"{name} {value:.0f}" for name, value in times.items()))
    return times


def _measure_imports(package: Package) -> dict[str, float]:
    done = subprocess.run(
        [str(RUNTIME / "bin/python"), "-X", "importtime", "-c", "import handlers.process_images"],
        capture_output=True,
        text=True,
        check=True,
        env=function_environment(package) | FUNCTION_VARIABLES | {"AWS_DEFAULT_REGION": "us-east-1"},
        cwd=package.task,
    )
    return group_imports(done.stderr.splitlines())


def group_imports(lines: Iterable[str]) -> dict[str, float]:
    """Add up the lines of `-X importtime` by group, in ms.

    Args:
        lines: `import time: self [us] | cumulative | imported package`.

    Returns:
        The longest time first.
    """
    milliseconds: defaultdict[str, float] = defaultdict(float)
    for line in lines:
        if line.startswith("import time:") and "[us]" not in line:
            own_us, _, module = line.removeprefix("import time:").split("|")
            milliseconds[_group_of(module.strip())] += int(own_us) / 1000
    return dict(sorted(milliseconds.items(), key=lambda item: -item[1]))


def _group_of(module: str) -> str:
    package = module.partition(".")[0]
    return next((group for group, packages in _GROUPS.items() if package in packages), _STANDARD_LIBRARY)
