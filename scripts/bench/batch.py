"""Measure a batch of photos on Lambda's runtime emulator, against an S3 with the delays of the real one."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from scripts.aws.local_endpoint import client_environment
from scripts.bench.bench_settings import FUNCTION_VARIABLES, MB_PER_VCPU
from scripts.bench.context import BenchContext
from scripts.bench.lambda_emulator import HANDLER, Emulator, Package, emulated, unpack
from scripts.bench.measurements import BenchError, say, spread, tree_cpu_seconds
from scripts.bench.peer_process import Usage
from scripts.bench.photos import make_photos
from scripts.bench.slow_aws import slow_aws
from scripts.cli.repository import REPOSITORY

SEQUENTIAL_HANDLER = "scripts/bench/sequential_function.lambda_handler"
_TIMEOUT_SECONDS = 120  # as in serverless.yml


def measure_batches(context: BenchContext) -> dict[str, Any]:
    """Run batches of Darkroom and of the sequential handler in turn.

    Returns:
        The part `batch` of the results; with one vCPU, a ratio of wall to CPU time of 1 means no waiting.

    Raises:
        BenchError: the emulator or a function failed.
    """
    amount, package = context.amount, unpack(context.folder)
    ((photo, file),) = make_photos([amount.batch])
    functions = {
        ("darkroom", 1): (package, HANDLER),
        ("sequential", 1): (replace(package, task=REPOSITORY), SEQUENTIAL_HANDLER),
        ("darkroom", 2): (package, HANDLER),
    }
    event = s3_batch(amount.batch_photos, file.stat().st_size)
    runs: dict[tuple[str, int], list[Usage]] = {}
    with slow_aws(file) as endpoint_url, ExitStack() as stack:
        emulators = {}
        for (name, vcpus), (code, handler) in functions.items():
            if vcpus <= len(os.sched_getaffinity(0)):
                function = run_function(
                    code, endpoint_url, context.folder / f"{name}-{vcpus}.log", vcpus=vcpus, handler=handler
                )
                emulators[name, vcpus] = stack.enter_context(function)
                invoke(emulators[name, vcpus], event)
        for turn in range(1, amount.rounds + 1):
            for key, emulator in emulators.items():
                runs.setdefault(key, []).append(invoke(emulator, event))
            say(f"round {turn} of {amount.rounds}")
    scores = [_score(name, vcpus, amount.batch_photos, run) for (name, vcpus), run in runs.items()]
    return {"photo": photo.title, "scores": scores}


def _score(name: str, vcpus: int, photos: int, runs: list[Usage]) -> dict[str, Any]:
    return {
        "name": name,
        "vcpus": vcpus,
        "photos": photos,
        "cpu_ms": spread([1000 * run.cpu_seconds / photos for run in runs]),
        "wall_ms": spread([1000 * run.wall_seconds / photos for run in runs]),
        "wall_to_cpu": spread([run.wall_seconds / run.cpu_seconds for run in runs]),
    }


@contextmanager
def run_function(
    package: Package, endpoint_url: str, log: Path, *, vcpus: int, handler: str = HANDLER
) -> Iterator[Emulator]:
    """Run a function under the emulator on `vcpus` processors."""
    variables = {
        **FUNCTION_VARIABLES,
        **client_environment(endpoint_url),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(vcpus * MB_PER_VCPU),
    }
    processors = os.sched_getaffinity(0)
    try:
        # Inherited by the emulator. A single processor is the last one, so that this process keeps another.
        os.sched_setaffinity(0, sorted(processors)[-1:] if vcpus == 1 else sorted(processors)[:vcpus])
        with emulated(package, variables, timeout_seconds=_TIMEOUT_SECONDS, log=log, handler=handler) as emulator:
            os.sched_setaffinity(0, processors)
            yield emulator
    finally:
        os.sched_setaffinity(0, processors)


def invoke(emulator: Emulator, event: dict[str, Any]) -> Usage:
    """Invoke the function; the processor time includes the workers and the emulator.

    Raises:
        BenchError: it failed or left photos unprocessed.
    """
    cpu_before = tree_cpu_seconds(emulator.pid)
    invocation = emulator.invoke(event)
    if invocation.text.replace(" ", "") != '{"batchItemFailures":[]}':
        raise BenchError(f"the function failed: {invocation.text[:500]}\nIts log is {emulator.log}.")
    return Usage(tree_cpu_seconds(emulator.pid) - cpu_before, invocation.seconds)


def s3_batch(photos: int, size_bytes: int) -> dict[str, Any]:
    """Return an event with one SQS message for each new photo."""
    return {"Records": [_message(number, size_bytes) for number in range(photos)]}


def _message(number: int, size_bytes: int) -> dict[str, Any]:
    s3_object = {"key": f"photo-{number}.jpg", "size": size_bytes, "eTag": "e1", "sequencer": f"{number:016X}"}
    s3_record = {
        "eventVersion": "2.3",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "photos"}, "object": s3_object},
    }
    return {
        "messageId": f"message-{number}",
        "receiptHandle": f"handle-{number}",
        "body": json.dumps({"Records": [s3_record]}),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795000000000"},
        "eventSource": "aws:sqs",
    }
