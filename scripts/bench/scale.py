"""Measure jobs of different sizes on the local stack: a photo should cost the same among 5,000 as among 100."""

import time
from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from scripts.aws.local_endpoint import LocalStack
from scripts.bench.measurements import BenchError, say, tree_cpu_seconds
from scripts.local_stack.stack import local_stack
from scripts.photo_job.local_job import LocalJob
from scripts.photo_job.photo_folder import LocalFile

_TIMEOUT_SECONDS = 300.0  # without a digest
# Each figure is of at least a fifth of the largest job's photos: a hundred take six seconds only, and one disturbance
# of the machine changes them by a fifth.
_LEAST_SHARE = 1 / 5


def measure_scale(file: Path, counts: Sequence[int]) -> list[dict[str, float]]:
    """Run jobs of different sizes through one stack, after one that warms it up.

    Args:
        file: the content of every photo.
        counts: photos in each job.

    Returns:
        For each count the medians of its jobs, as JSON holds them: time on the clock from the first upload to the last
        output, processor time of the whole local stack, time that the workers took, and invocations.

    Raises:
        LocalStackError: the stack did not start.
        BenchError: a photo failed.
    """
    photo = LocalFile(file, file.name, file.stat().st_size)
    with local_stack() as stack, TemporaryDirectory() as folder:
        _run(stack, photo, min(counts), Path(folder, "warm-up"))
        runs: dict[int, list[dict[str, float]]] = {count: [] for count in counts}
        for number, count in enumerate(schedule(counts)):
            run = _run(stack, photo, count, Path(folder, str(number)))
            runs[count].append(run)
            say(f"{count:,} photos: {run['cpu_ms']:.0f} ms of CPU time and {run['wall_ms']:.0f} ms each")
    return [{name: median(run[name] for run in same) for name in same[0]} for same in runs.values()]


def schedule(counts: Sequence[int]) -> list[int]:
    """Order the jobs: small ones repeat, half of them before the largest job and half after it.

    Slow changes of the machine's speed then affect all sizes alike.
    """
    repeats = {count: ceil(_LEAST_SHARE * max(counts) / count) for count in sorted(counts)}
    before = [count for count, times in repeats.items() for _ in range(times // 2)]
    after = [count for count, times in repeats.items() for _ in range(times - times // 2)]
    return before + after[::-1]


def _run(stack: LocalStack, file: LocalFile, count: int, out: Path) -> dict[str, float]:
    assert stack.process is not None  # noqa: S101 (for the type checker: this process started it)
    job = LocalJob(stack=stack, out=out, patience_seconds=_TIMEOUT_SECONDS)
    start, cpu_before = time.monotonic(), tree_cpu_seconds(stack.process.pid)
    job.run(replace(file, key=f"{out.name}/{number:06}.jpg") for number in range(count))
    wall, cpu = time.monotonic() - start, tree_cpu_seconds(stack.process.pid) - cpu_before
    for failure in job.progress.failures:
        raise BenchError(f"a photo failed: {failure.code} {failure.what_to_do}; the stack's log is {stack.log}")
    results = [result for digest in job.digests for result in digest.results]
    return {
        "photos": count,
        "wall_ms": 1000 * wall / count,
        "cpu_ms": 1000 * cpu / count,
        "process_ms": sum(result.milliseconds.get("process", 0) for result in results) / count,
        "batches": len(job.digests),
    }
