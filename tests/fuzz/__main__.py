"""Fuzzes the real decoders with damaged photos, and keeps those that do harm.

    npm run fuzz -- --minutes 10
    npm run fuzz -- --seed 7 --case 1234

It uses the photos and the damage of the tests.
"""

import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Annotated

import typer

from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, main, make_app
from scripts.cli.repository import REPOSITORY
from tests.fuzz.cases import Case, find_fault, make_case
from tests.support.outcome_rules import WorkerHarness

FINDINGS = REPOSITORY / ".build" / "fuzz"
PHOTO_TIMEOUT_SECONDS = 10.0
REPORT_SECONDS = 10.0
HELP = """Fuzz the real decoders with damaged photos and keep those that do harm.

A photo does harm when it crashes its decoder, exceeds its time or memory, fails with a retryable code, leaks a path
into a message, or is rendered in part. Findings are stored in .build/fuzz, with the command that repeats them.

\b
Examples:
  npm run fuzz -- --minutes 10
  npm run fuzz -- --minutes 480 --jobs 4
  npm run fuzz -- --seed 7 --case 1234      one case of an earlier run again
"""
app = make_app(HELP)


@dataclass
class Run:
    """The state of a fuzz run.

    Attributes:
        seed: makes the same cases again.
        cases: the number of cases tried.
        findings: the files that were kept.
    """

    seed: int
    cases: int = 0
    findings: list[Path] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self, until: float) -> None:
        """Try cases until a time of the monotonic clock."""
        with open_harness() as harness:
            while time.monotonic() < until:
                with self._lock:
                    number = next(self._numbers)
                self.try_case(harness, number)

    def try_case(self, harness: WorkerHarness, number: int) -> None:
        """Try one case and keep it if it does harm."""
        case = make_case(self.seed, number)
        fault = find_fault(harness, case)
        with self._lock:
            self.cases += 1
            if fault:
                self.findings.append(keep(case, fault, f"--seed {self.seed} --case {number}"))
                print(f"Case {number}: {fault} ({case.name}); kept as {self.findings[-1]}", flush=True)


def keep(case: Case, fault: str, again: str) -> Path:
    """Store a case with its fault and the command that repeats it."""
    FINDINGS.mkdir(parents=True, exist_ok=True)
    file = FINDINGS / again.replace("--", "").replace(" ", "-")
    file.write_bytes(case.data)
    file.with_suffix(".txt").write_text(f"{fault}\n{case.name}\nAgain: npm run fuzz -- {again}\n")
    return file


def open_harness() -> "closing[WorkerHarness]":
    """Return a harness that is closed after the block."""
    return closing(WorkerHarness(PHOTO_TIMEOUT_SECONDS))


@app.command(help=HELP)
def fuzz(
    minutes: Annotated[float, typer.Option(min=0.01, help="Duration of the run.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="Seed of an earlier run, to repeat it; random by default.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Number of decoders in parallel.")] = os.cpu_count() or 1,
    case: Annotated[int | None, typer.Option(min=0, help="Try only this case of the run.")] = None,
) -> int:
    """Run for some minutes, or one case; return the exit code."""
    run = Run(random.randrange(2**32) if seed is None else seed)
    print(f"Seed {run.seed}", flush=True)
    if case is None:
        run_for(run, 60 * minutes, jobs)
    else:
        with open_harness() as harness:
            run.try_case(harness, case)
    print(f"{run.cases:,} cases, {len(run.findings)} findings")
    return EXIT_SOME_FAILED if run.findings else EXIT_OK


def run_for(run: Run, seconds: float, jobs: int) -> None:
    """Run several decoders in parallel and print the progress."""
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(jobs) as threads:
        working = [threads.submit(run.work, end) for _ in range(jobs)]
        while not all(thread.done() for thread in working):
            time.sleep(min(REPORT_SECONDS, max(0.2, end - time.monotonic())))
            print(f"{run.cases:,} cases, {max(0.0, end - time.monotonic()):.0f} s left", flush=True)
        for thread in working:
            thread.result()


if __name__ == "__main__":
    main(app, "npm run fuzz --")
