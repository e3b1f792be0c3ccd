"""Measure the operators' commands against an AWS far away: the real commands, 100 ms added to every request."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from processing.failures import FailureCode
from scripts.bench.distant_aws import STAGE, DistantAws, DistantPlan, QueueCount, distant_aws
from scripts.bench.measurements import peak_bytes, say
from scripts.cli.errors import OperatorError
from scripts.cli.repository import REPOSITORY

LATENCY_SECONDS = 0.1
_SAMPLE_SECONDS = 0.1


class CommandRun(NamedTuple):
    """A finished command: its JSON, time and memory."""

    document: Any
    seconds: float
    cpu_seconds: float
    peak_bytes: int


def measure_operators(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Run every case; return the part `operators` of the results."""
    deep, few, shallow, some = (400, 60, 300, 20) if quick else (100_000, 1000, 8050, 50)
    photos = 2000 if quick else 1_000_000
    rows = [
        _measure_list(deep),
        _measure_redrive(folder, deep, few),
        _measure_redrive(folder, shallow, some),
        _measure_reconcile(folder, photos),
    ]
    return {"latency_ms": round(1000 * LATENCY_SECONDS), "rows": rows}


def _measure_list(count: int) -> dict[str, Any]:
    with distant_aws(DistantPlan(LATENCY_SECONDS, {FailureCode.ACCESS_DENIED: count})) as aws:
        run = run_command(aws, "dlq", "list", "--json")
        left = aws.count()["dead-letters"]
    _require(run.document["count"] == count, f"{run.document['count']:,} of {count:,} were listed")
    _require(left.in_flight == 0, f"{left.in_flight:,} are hidden after the end")
    return _row("dlq list", f"{count:,} dead letters", run)


def _measure_redrive(folder: Path, count: int, chosen: int) -> dict[str, Any]:
    plan = DistantPlan(LATENCY_SECONDS, {FailureCode.CORRUPT_IMAGE: count - chosen, FailureCode.THROTTLED: chosen})
    journal = str(folder / f"redrive-{count}.journal")
    with distant_aws(plan) as aws:
        run = run_command(aws, "dlq", "redrive", "--code", "throttled", "--journal", journal, "--execute", "--json")
        queues = aws.count()
    _check_redriven(queues, chosen, count - chosen)
    return _row("dlq redrive", f"{chosen:,} chosen among {count:,}", run)


def _measure_reconcile(folder: Path, photos: int) -> dict[str, Any]:
    missing, journal = photos // 100, str(folder / "reconcile.journal")
    options = ("--max", str(photos), "--rate", "1000/s", "--journal", journal, "--execute", "--json")
    with distant_aws(DistantPlan(LATENCY_SECONDS, photos=photos)) as aws:
        run = run_command(aws, "reconcile", *options)
        sent = aws.count()["photos"].bodies
    _require(run.document["states"]["complete"] == photos - missing, f"{run.document['states']} of {photos:,}")
    _require(len(sent) == sent.total() == missing, f"{len(sent):,} of {missing:,} were sent, {sent.total():,} messages")
    return _row("reconcile", f"{photos:,} photos, {missing:,} missing", run)


def _check_redriven(queues: dict[str, QueueCount], chosen: int, others: int) -> None:
    sent, left = queues["photos"].bodies, queues["dead-letters"]
    _require(len(sent) == chosen, f"{len(sent):,} of {chosen:,} were found")
    _require(sent.total() == chosen, f"{sent.total() - chosen:,} were sent twice")
    _require(left.bodies.total() == others, f"{left.bodies.total():,} are left instead of {others:,}")
    _require(left.in_flight == 0, f"{left.in_flight:,} are hidden after the end")


def run_command(aws: DistantAws, name: str, *arguments: str) -> CommandRun:
    """Run `scripts.NAME` for the server's stage; measure it.

    Raises:
        OperatorError: it did not exit with 0.
    """
    command = [sys.executable, "-m", f"scripts.{name}", *arguments, "--stage", STAGE]
    start = time.monotonic()
    with subprocess.Popen(command, cwd=REPOSITORY, env=os.environ | aws.environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None  # noqa: S101 (for the type checker)
        with ThreadPoolExecutor(1) as thread:
            reading, peak = thread.submit(process.stdout.read), 0
            # Not ru_maxrss: it counts this process, too, from which the command was forked.
            while not reading.done():
                with suppress(OSError, IndexError):  # it has ended
                    peak = max(peak, peak_bytes(process.pid))
                time.sleep(_SAMPLE_SECONDS)
            out = reading.result()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - start
    _require(process.returncode == 0, f"npm run {' '.join([name, '--', *arguments])} exited with {process.returncode}")
    return CommandRun(json.loads(out), seconds, usage.ru_utime + usage.ru_stime, peak)


def _row(command: str, what: str, run: CommandRun) -> dict[str, Any]:
    say(f"{command}, {what}: {run.seconds:.0f} s, {run.cpu_seconds:.0f} s of CPU time")
    figures = {"seconds": run.seconds, "cpu_seconds": run.cpu_seconds, "peak_bytes": run.peak_bytes}
    return {"command": command, "what": what, **figures}


def _require(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise OperatorError(otherwise)
