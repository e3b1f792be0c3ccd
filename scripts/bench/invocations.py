"""Measure batches and cold starts on Lambda's runtime emulator, against an S3 with the delays of the real one."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from scripts.aws.local_endpoint import client_environment
from scripts.bench.distant_aws import DistantPlan, distant_aws
from scripts.bench.lambda_emulator import MB_PER_VCPU, Emulator, Package, emulated, unpack
from scripts.bench.measurements import Usage, cpu_seconds, say, spread, tree_cpu_seconds
from scripts.bench.photos import TWELVE_MP, TWO_MP, BenchPhoto
from scripts.cli.errors import OperatorError

ROUNDS = 9  # batches of each kind, and cold starts
_TIMEOUT_SECONDS = 120  # as in serverless.yml
_VARIABLES = {  # as in serverless.yml
    "STAGE": "bench",
    "INPUT_BUCKET": "photos",
    "OUTPUT_BUCKET": "renditions",
    "QUEUE_URL": "http://127.0.0.1/123456789012/photos",
    "DEAD_LETTER_QUEUE_URL": "http://127.0.0.1/123456789012/dead-letters",
    "DIGEST_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:digests",
    "RENDITIONS": "large:1200:80,medium:600:80,small:300:80",
    "MAX_BYTES": "200000000",
    "MAX_PIXELS": "200000000",
    "MAX_PAGES": "1000",
    "MAX_RECEIVE_COUNT": "5",
    "RETRY_BASE_SECONDS": "30",
    "RETRY_MAX_SECONDS": "900",
    "PHOTO_TIMEOUT_SECONDS": "25",
    "WORKER_PHOTOS": "0",
    "POWERTOOLS_METRICS_NAMESPACE": "Darkroom",
    "MALLOC_ARENA_MAX": "2",
    "PYTHONDONTWRITEBYTECODE": "1",  # /var/task is read-only
}


def measure_batches(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Run batches with one vCPU and with two in turn; return the part `batch` of the results."""
    photo, count, rounds = (TWO_MP, 2, 1) if quick else (TWELVE_MP, 10, ROUNDS)
    package, event = unpack(folder), _s3_batch(count, photo.path().stat().st_size)
    sizes = [vcpus for vcpus in (1, 2) if vcpus <= len(os.sched_getaffinity(0))]
    runs: dict[int, list[Usage]] = {vcpus: [] for vcpus in sizes}
    with distant_aws(_s3_in_one_region(photo)) as aws, ExitStack() as stack:
        functions = {
            vcpus: stack.enter_context(_run_function(package, aws.endpoint_url, folder / f"batch-{vcpus}.log", vcpus))
            for vcpus in sizes
        }
        for turn in range(rounds + 1):
            for vcpus, function in functions.items():
                usage = _invoke(function, event)
                runs[vcpus] += [usage] if turn else []  # the first one is a cold start
            say(f"round {turn} of {rounds}")
    return {"photo": photo.title, "scores": [_score(vcpus, count, usages) for vcpus, usages in runs.items()]}


def measure_cold_starts(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Start the function several times on one vCPU; return the part `cold-start` of the results, in ms."""
    photo = TWO_MP if quick else TWELVE_MP
    package, event, runs = unpack(folder), _s3_batch(1, photo.path().stat().st_size), []
    with distant_aws(_s3_in_one_region(photo)) as aws:
        for _ in range(1 if quick else ROUNDS):
            with _run_function(package, aws.endpoint_url, folder / "cold-start.log", 1) as function:
                # The emulator starts Python at the first invocation; the handler refuses an empty event at once.
                seconds = {"init_wall_ms": function.invoke({}).seconds}
                seconds["init_cpu_ms"] = cpu_seconds(function.function_pid())
                seconds |= {name: _invoke(function, event).wall_seconds for name in ("first_ms", "next_ms")}
            say(", ".join(f"{name} {1000 * value:.0f}" for name, value in seconds.items()))
            runs.append(seconds)
    return {"start": {name: spread([1000 * run[name] for run in runs]) for name in runs[0]}}


def _s3_in_one_region(photo: BenchPhoto) -> DistantPlan:
    """Plan an AWS with the delays of S3 in one region, where every object is the photo.

    Some tens of milliseconds to the first byte, and 80 to 100 MB/s on one connection (Amazon S3 User Guide,
    "Performance guidelines").
    """
    latencies = {"PUT": 0.050, "POST": 0.030}  # POST: SNS
    return DistantPlan(0.040, latencies=latencies, bytes_per_second=80_000_000, photo=photo.path())


def _score(vcpus: int, photos: int, usages: list[Usage]) -> dict[str, Any]:
    return {
        "vcpus": vcpus,
        "photos": photos,
        "cpu_ms": spread([1000 * usage.cpu_seconds / photos for usage in usages]),
        "wall_ms": spread([1000 * usage.wall_seconds / photos for usage in usages]),
        "wall_to_cpu": spread([usage.wall_seconds / usage.cpu_seconds for usage in usages]),
    }


@contextmanager
def _run_function(package: Package, endpoint_url: str, log: Path, vcpus: int) -> Iterator[Emulator]:
    memory = {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(vcpus * MB_PER_VCPU)}
    variables = _VARIABLES | client_environment(endpoint_url) | memory
    processors = os.sched_getaffinity(0)
    try:
        # Inherited by the emulator. A single processor is the last one, so that this process keeps another.
        os.sched_setaffinity(0, sorted(processors)[-1:] if vcpus == 1 else sorted(processors)[:vcpus])
        with emulated(package, variables, timeout_seconds=_TIMEOUT_SECONDS, log=log) as emulator:
            os.sched_setaffinity(0, processors)
            yield emulator
    finally:
        os.sched_setaffinity(0, processors)


def _invoke(emulator: Emulator, event: dict[str, Any]) -> Usage:
    """Invoke the function; the processor time includes the workers and the emulator."""
    cpu_before = tree_cpu_seconds(emulator.pid)
    invocation = emulator.invoke(event)
    if invocation.text.replace(" ", "") != '{"batchItemFailures":[]}':
        raise OperatorError(f"the function failed: {invocation.text[:500]}", f"Its log is {emulator.log}.")
    return Usage(tree_cpu_seconds(emulator.pid) - cpu_before, invocation.seconds)


def _s3_batch(photos: int, size_bytes: int) -> dict[str, Any]:
    """Return an event with one SQS message for each new photo."""
    return {"Records": [_message(f"photo-{number}", size_bytes) for number in range(photos)]}


def _message(key: str, size_bytes: int) -> dict[str, Any]:
    s3 = {"bucket": {"name": "photos"}, "object": {"key": key, "size": size_bytes, "eTag": "e1", "sequencer": "1"}}
    record = {"eventVersion": "2.3", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}
    return {
        "messageId": key,
        "receiptHandle": key,
        "body": json.dumps({"Records": [record]}),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795000000000"},
        "eventSource": "aws:sqs",
    }
