"""What a cold start costs and where it goes: in AWS's own runtime client, with the packaged code and its bytecode."""

import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from scripts.bench.batch import slow_aws
from scripts.bench.function import HANDLER, FunctionPlan, deployed, import_environment, s3_batch, unpack_code
from scripts.bench.ratios import Spread, spread

_IMPORT = f"import {HANDLER.rpartition('.')[0]}"
# What is shown together: the SDK with its own dependencies, Powertools with its own, our code, all else.
_GROUPS = {
    "AWS SDK": ("boto3", "botocore", "s3transfer", "urllib3", "jmespath", "dateutil", "six"),
    "Powertools": ("aws_lambda_powertools", "jmespath_utils", "typing_extensions"),
    "Darkroom": ("handlers", "processing"),
}
_STANDARD_LIBRARY = "standard library and Python itself"


@dataclass(frozen=True, kw_only=True)
class ColdStart:
    """Milliseconds of a function that starts on one processor.

    Attributes:
        init_wall_ms: from the start of Python until the function asks for its first event: Lambda's init phase.
        init_cpu_ms: the function's own processor time in that phase; its worker starts beside it.
        first_ms: the first batch, of one photo, waiting for S3 included.
        next_ms: the second, the same.
    """

    init_wall_ms: Spread
    init_cpu_ms: Spread
    first_ms: Spread
    next_ms: Spread


def measure_cold_starts(
    python: Path, photo: Path, folder: Path, *, rounds: int, say: Callable[[str], None]
) -> ColdStart:
    """Starts the function again and again.

    Raises:
        FunctionError: it failed.
    """
    with slow_aws(photo) as endpoint_url:
        plan = FunctionPlan(
            handler=HANDLER,
            python=python,
            endpoint_url=endpoint_url,
            vcpus=1,
            code=unpack_code(folder / "function"),
            log=folder / "cold-start.log",
        )
        runs = [_start_once(plan, photo.stat().st_size, say) for _ in range(rounds)]
    columns = [spread([1000 * seconds for seconds in column]) for column in zip(*runs, strict=True)]
    return ColdStart(init_wall_ms=columns[0], init_cpu_ms=columns[1], first_ms=columns[2], next_ms=columns[3])


def _start_once(plan: FunctionPlan, photo_bytes: int, say: Callable[[str], None]) -> tuple[float, float, float, float]:
    started_at = time.monotonic()
    with deployed(plan) as function:
        init_wall, init_cpu = function.ready_at - started_at, function.own_cpu_seconds()
        first = function.invoke(s3_batch(1, photo_bytes)).wall_seconds
        following = function.invoke(s3_batch(1, photo_bytes)).wall_seconds
    say(f"init {1000 * init_wall:.0f} ms, first photo {1000 * first:.0f} ms, next {1000 * following:.0f} ms")
    return init_wall, init_cpu, first, following


def measure_imports(python: Path, folder: Path) -> dict[str, float]:
    """Milliseconds that the function's imports take by themselves, by whose they are; the most expensive first.

    Python's own clock (-X importtime) makes each import a little slower than it is.
    """
    code = unpack_code(folder / "function")
    done = subprocess.run(
        [str(python), "-X", "importtime", "-c", _IMPORT],
        capture_output=True,
        text=True,
        check=True,
        env=import_environment(code),
        cwd=code,
    )
    return group_imports(done.stderr.splitlines())


def group_imports(lines: Iterable[str]) -> dict[str, float]:
    """Adds up the lines of `-X importtime`: `import time: self [us] | cumulative | imported package`."""
    milliseconds: defaultdict[str, float] = defaultdict(float)
    for line in lines:
        if line.startswith("import time:") and "[us]" not in line:
            own_us, _, module = line.removeprefix("import time:").split("|")
            milliseconds[_group(module.strip())] += int(own_us) / 1000
    return dict(sorted(milliseconds.items(), key=lambda item: -item[1]))


def _group(module: str) -> str:
    package = module.partition(".")[0]
    return next((group for group, packages in _GROUPS.items() if package in packages), _STANDARD_LIBRARY)
