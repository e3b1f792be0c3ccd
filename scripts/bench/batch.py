"""A batch of ten photos against an S3 that answers as in life: how much of the time is waiting?"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.bench.function import (
    HANDLER,
    SEQUENTIAL_HANDLER,
    Function,
    FunctionPlan,
    Invocation,
    deployed,
    s3_batch,
    unpack_code,
)
from scripts.bench.ratios import Spread, spread
from scripts.cli.repository import REPOSITORY


@dataclass(frozen=True, kw_only=True)
class BatchScore:
    """How one way of working handled the batch.

    Attributes:
        name: `darkroom` or `sequential`.
        vcpus: how many processors it had.
        photos: in one batch.
        cpu_ms: processor time of function and workers, for one photo.
        wall_ms: time on the clock, for one photo: what Lambda bills.
        wall_to_cpu: of the batch. With one processor, 1 would be no waiting at all.
    """

    name: str
    vcpus: int
    photos: int
    cpu_ms: Spread
    wall_ms: Spread
    wall_to_cpu: Spread


def measure_batches(
    python: Path, photo: Path, folder: Path, *, photos: int, rounds: int, say: Callable[[str], None]
) -> list[BatchScore]:
    """Runs the batches in turn: A B C A B C.

    Args:
        python: an interpreter with the Lambda runtime client.
        photo: every photo of the batch.
        folder: for code and logs.
        photos: in one batch.
        rounds: counted batches each; one more comes first, for warming up.
        say: hears how it goes.

    Raises:
        FunctionError: a function failed.
    """
    event = s3_batch(photos, photo.stat().st_size)
    with slow_aws(photo) as endpoint_url, ExitStack() as stack:
        functions = {
            (name, plan.vcpus): stack.enter_context(deployed(plan))
            for name, plan in _plans(python, endpoint_url, folder)
        }
        runs = _interleave(functions, event, rounds, say)
    return [_score(name, vcpus, photos, invocations) for (name, vcpus), invocations in runs.items()]


@contextmanager
def slow_aws(photo: Path) -> Iterator[str]:
    """Runs the slow S3 in a process of its own; answers its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.bench.slow_aws", str(photo)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
    ) as process:
        assert process.stdout is not None  # noqa: S101 (for the type checker: we asked for a pipe)
        try:
            yield process.stdout.readline().decode().strip()
        finally:
            process.kill()


def _plans(python: Path, endpoint_url: str, folder: Path) -> Iterator[tuple[str, FunctionPlan]]:
    code = unpack_code(folder / "function")
    for name, handler, vcpus, where in (
        ("darkroom", HANDLER, 1, code),
        ("sequential", SEQUENTIAL_HANDLER, 1, REPOSITORY),
        ("darkroom", HANDLER, 2, code),
    ):
        if vcpus <= len(os.sched_getaffinity(0)):
            log = folder / f"{name}-{vcpus}.log"
            log.unlink(missing_ok=True)
            plan = FunctionPlan(
                handler=handler, python=python, endpoint_url=endpoint_url, vcpus=vcpus, code=where, log=log
            )
            yield name, plan


def _interleave(
    functions: dict[tuple[str, int], Function], event: object, rounds: int, say: Callable[[str], None]
) -> dict[tuple[str, int], list[Invocation]]:
    runs: dict[tuple[str, int], list[Invocation]] = {who: [] for who in functions}
    for turn in range(rounds + 1):
        for who, function in functions.items():
            invocation = function.invoke(event)
            if turn:
                runs[who].append(invocation)
        say(f"round {turn} of {rounds}" if turn else "warmed up")
    return runs


def _score(name: str, vcpus: int, photos: int, invocations: Sequence[Invocation]) -> BatchScore:
    return BatchScore(
        name=name,
        vcpus=vcpus,
        photos=photos,
        cpu_ms=spread([1000 * i.cpu_seconds / photos for i in invocations]),
        wall_ms=spread([1000 * i.wall_seconds / photos for i in invocations]),
        wall_to_cpu=spread([i.wall_seconds / i.cpu_seconds for i in invocations]),
    )
