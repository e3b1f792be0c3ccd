"""Measure the roll-up: one window of digests, the packaged function, 100 ms added to every request to SQS and SNS."""

import json
from pathlib import Path
from typing import Any

from processing.digest.message import summarise
from processing.outcomes import Outcome, RecordResult, SourceObject
from scripts.bench.distant_aws import DistantAws, DistantPlan, distant_aws
from scripts.bench.lambda_emulator import MB_PER_VCPU, emulated, unpack
from scripts.bench.measurements import peak_bytes, say, tree_cpu_seconds
from scripts.bench.operators import LATENCY_SECONDS
from scripts.cli.errors import OperatorError

PHOTOS_PER_SECOND, WINDOW_SECONDS, BATCH = 400, 300, 10
MEMORY_MB, TIMEOUT_SECONDS = 512, 240  # as in serverless.yml
_NUMBER = "#number#"  # in the example digest
_NAMES = ("large.jpg", "medium.jpg", "small.jpg", "document.pdf")


def measure_roll_up(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Run the function on a window of digests; return the part `roll-up` of the results."""
    count = 300 if quick else PHOTOS_PER_SECOND * WINDOW_SECONDS // BATCH
    package, log = unpack(folder), folder / "roll-up.log"
    with distant_aws(DistantPlan(LATENCY_SECONDS, digests=count, example_digest=example_digest())) as aws:
        handler = "handlers/roll_up.lambda_handler"
        with emulated(package, _variables(aws), timeout_seconds=TIMEOUT_SECONDS, log=log, handler=handler) as function:
            invocation = function.invoke({"source": "aws.events"}, timeout_seconds=TIMEOUT_SECONDS)
            cpu_seconds, peak = tree_cpu_seconds(function.pid), peak_bytes(function.function_pid())
        _check(aws, count, invocation.text, log)
    seconds = max(invocation.seconds, cpu_seconds * MB_PER_VCPU / MEMORY_MB)
    say(f"{count:,} digests: {invocation.seconds:.0f} s, {cpu_seconds:.0f} s of CPU time, {peak / 1e6:.0f} MB")
    return {
        "latency_ms": round(1000 * LATENCY_SECONDS),
        "memory_mb": MEMORY_MB,
        "digests": count,
        "photos": count * BATCH,
        "wall_seconds": invocation.seconds,
        "cpu_seconds": cpu_seconds,
        "seconds": seconds,
        "photos_per_second": count * BATCH / seconds,
        "peak_bytes": peak,
    }


def example_digest() -> str:
    """Return the JSON of a batch of ten processed photos, with a mark where each digest has its number."""
    return str(json.loads(summarise("bench", f"request-{_NUMBER}", tuple(map(_result, range(BATCH)))).message)["sqs"])


def _result(position: int) -> RecordResult:
    name = f"{_NUMBER}-{position}"
    source = SourceObject(
        bucket="darkroom-prod-input-123456789012-eu-central-1",
        key=f"2026/07/norway/IMG_{name}.jpg",
        etag=f"5eb63bbbe01eeed093cb22bb8f-{name}",
        sequencer="0065F1D2A3B4C5D6E7",
    )
    return RecordResult(
        message_id=f"9c6bad9d-e49f-48cf-b189-{name}",
        source=source,
        outcome=Outcome.PROCESSED,
        outputs=tuple(f"{source.key}/{output}" for output in _NAMES),
        bytes_in=4_200_000,
        bytes_out=530_000,
        milliseconds={"download": 90, "process": 110, "upload": 60},
    )


def _variables(aws: DistantAws) -> dict[str, str]:
    return {
        **aws.environment,
        "STAGE": "bench",
        "ROLL_UP_QUEUE_URL": aws.queue_url("roll-up"),
        "SUMMARY_TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:summaries",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB),
        "PYTHONDONTWRITEBYTECODE": "1",  # /var/task is read-only
    }


def _check(aws: DistantAws, count: int, response: str, log: Path) -> None:
    """Check that one summary has every photo and that no digest is left."""
    queues = aws.count()
    left, summaries = queues["roll-up"].bodies.total(), list(queues["summaries"].bodies.elements())
    if left or len(summaries) != 1:
        found = f"{len(summaries)} summaries, {left:,} digests left: {response[:500]}"
        raise OperatorError(found, f"The log is {log}.")
    processed = json.loads(json.loads(summaries[0])["sqs"])["counts"]["processed"]
    if processed != count * BATCH:
        raise OperatorError(f"the summary has {processed:,} photos instead of {count * BATCH:,}")
