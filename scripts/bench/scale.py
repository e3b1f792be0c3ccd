"""Measure jobs of different sizes on the local stack: a photo should cost the same among 5,000 as among 100."""

import time
from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

from scripts.aws.local_endpoint import LocalStack
from scripts.bench.measurements import say, tree_cpu_seconds
from scripts.bench.photos import TWO_MP
from scripts.cli.errors import OperatorError
from scripts.local_stack.stack import local_stack
from scripts.photo_job.local_job import LocalJob
from scripts.photo_job.photo_folder import LocalFile

_TIMEOUT_SECONDS = 300.0  # without a digest
_LEAST_SHARE = 1 / 5  # of the largest job's photos in each figure: one disturbance changes a short job's by a fifth


def measure_scale(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Run jobs of different sizes through one stack, after a first warm-up.

    Returns:
        The part `scale` of the results: medians for each size, with the processor time of the whole local stack.
    """
    # A small photo: with a large one, the rendering hides costs that grow with the number of photos.
    file, counts = TWO_MP.path(), (10, 20) if quick else (100, 500, 1000, 5000)
    source = LocalFile(file, file.name, file.stat().st_size)
    with local_stack() as stack:
        _run(stack, source, min(counts), folder / "warm-up")
        runs: dict[int, list[dict[str, float]]] = {count: [] for count in counts}
        for number, count in enumerate(schedule(counts)):
            run = _run(stack, source, count, folder / str(number))
            runs[count].append(run)
            say(f"{count:,} photos: {run['cpu_ms']:.0f} ms of CPU time and {run['wall_ms']:.0f} ms each")
    medians = [{name: median(run[name] for run in same) for name in same[0]} for same in runs.values()]
    return {"photo": TWO_MP.title, "runs": medians}


def schedule(counts: Sequence[int]) -> list[int]:
    """Order the jobs: small ones repeat before and after the largest one.

    Slow changes of the machine's speed then affect all sizes alike.
    """
    repeats = {count: ceil(_LEAST_SHARE * max(counts) / count) for count in sorted(counts)}
    before = [count for count, times in repeats.items() for _ in range(times // 2)]
    after = [count for count, times in repeats.items() for _ in range(times - times // 2)]
    return before + after[::-1]


def _run(stack: LocalStack, photo: LocalFile, count: int, out: Path) -> dict[str, float]:
    assert stack.process is not None  # noqa: S101 (for the type checker: this process started it)
    job = LocalJob(stack=stack, out=out, patience_seconds=_TIMEOUT_SECONDS)
    start, cpu_before = time.monotonic(), tree_cpu_seconds(stack.process.pid)
    job.run(replace(photo, key=f"{out.name}/{number:06}.jpg") for number in range(count))
    wall, cpu = time.monotonic() - start, tree_cpu_seconds(stack.process.pid) - cpu_before
    for failure in job.progress.failures:
        raise OperatorError(f"a photo failed: {failure.code} {failure.what_to_do}; the stack's log is {stack.log}")
    return {
        "photos": count,
        "wall_ms": 1000 * wall / count,
        "cpu_ms": 1000 * cpu / count,
        "batches": len(job.digests),
    }
