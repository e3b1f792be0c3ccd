"""Does a photo cost the same among five thousand as among a hundred? The real service, on the local stack."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import median

from scripts.aws.local_endpoint import LocalStack
from scripts.bench.processes import tree_cpu_seconds
from scripts.local_stack.stack import local_stack
from scripts.photo_job.local_job import LocalJob
from scripts.photo_job.photo_folder import LocalFile

_PATIENCE_SECONDS = 300.0
# Behind each figure are at least so many photos, as a part of the largest job's: a hundred are over in six seconds, and
# one busy moment of the machine changes them by a fifth.
_ENOUGH = 1 / 5


class ScaleError(Exception):
    """Some photos did not come out: what they cost would be wrong."""


@dataclass(frozen=True, kw_only=True)
class ScaleRun:
    """A job of so many photos; the medians, where it was done several times.

    Attributes:
        photos: how many.
        wall_ms: time on the clock for one photo, from the first upload until the last output is on this machine.
        cpu_ms: processor time of the whole stack for one photo: the function, its workers, and the local AWS itself.
        process_ms: what the function's workers took for one photo, on the clock.
        batches: how many invocations it took.
    """

    photos: int
    wall_ms: float
    cpu_ms: float
    process_ms: float
    batches: int


def measure_scale(file: Path, counts: Sequence[int], folder: Path, say: Callable[[str], None]) -> list[ScaleRun]:
    """Runs jobs of different sizes through one stack; the first, which warms it up, is not counted.

    Args:
        file: every photo, under keys of its own.
        counts: photos in each job.
        folder: for the outputs.
        say: hears how it goes.

    Raises:
        LocalStackError: the stack did not come up.
        ScaleError: a photo failed.
    """
    with local_stack() as stack:
        _run(stack, file, min(counts), folder / "warm-up")
        runs: dict[int, list[ScaleRun]] = {count: [] for count in counts}
        for number, count in enumerate(schedule(counts)):
            run = _run(stack, file, count, folder / str(number))
            runs[count].append(run)
            say(f"{count:,} photos: {run.cpu_ms:.0f} ms of CPU time and {run.wall_ms:.0f} ms each")
    return [_median(same) for same in runs.values()]


def schedule(counts: Sequence[int]) -> list[int]:
    """The jobs in their order: small ones come often, half of them before the largest and half after it.

    So the machine's slow changes of mood meet all sizes alike.
    """
    repeats = {count: ceil(_ENOUGH * max(counts) / count) for count in sorted(counts)}
    before = [count for count, times in repeats.items() for _ in range(times // 2)]
    after = [count for count, times in repeats.items() for _ in range(times - times // 2)]
    return before + after[::-1]


def _median(runs: Sequence[ScaleRun]) -> ScaleRun:
    return ScaleRun(
        photos=runs[0].photos,
        wall_ms=median(run.wall_ms for run in runs),
        cpu_ms=median(run.cpu_ms for run in runs),
        process_ms=median(run.process_ms for run in runs),
        batches=round(median(run.batches for run in runs)),
    )


def _run(stack: LocalStack, file: Path, count: int, out: Path) -> ScaleRun:
    assert stack.process is not None  # noqa: S101 (for the type checker: we have started it)
    out.mkdir(parents=True, exist_ok=True)
    job = LocalJob(stack=stack, out=out, patience_seconds=_PATIENCE_SECONDS)
    size_bytes = file.stat().st_size
    start, cpu_before = time.monotonic(), tree_cpu_seconds(stack.process.pid)
    job.run(LocalFile(file, f"{out.name}/{number:06}.jpg", size_bytes) for number in range(count))
    wall, cpu = time.monotonic() - start, tree_cpu_seconds(stack.process.pid) - cpu_before
    if job.progress.failures:
        code = job.progress.failures[0].code
        raise ScaleError(f"{job.progress.failed} of {count} photos failed, the first with {code}")
    results = [result for digest in job.digests for result in digest.results]
    return ScaleRun(
        photos=count,
        wall_ms=1000 * wall / count,
        cpu_ms=1000 * cpu / count,
        process_ms=sum(result.milliseconds.get("process", 0) for result in results) / count,
        batches=len(job.digests),
    )
