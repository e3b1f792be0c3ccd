"""Measure jobs of different sizes on the local stack: a photo should cost the same among 5,000 as among 100."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

from processing.digest.roll_up import BatchDigest
from scripts.aws.local_endpoint import LocalStack
from scripts.bench.context import BenchContext
from scripts.bench.measurements import BenchError, say, tree_cpu_seconds
from scripts.bench.photos import TWO_MP, make_photos
from scripts.cli.repository import REPOSITORY
from scripts.local_stack.stack import local_stack

_TIMEOUT_SECONDS = 300.0  # without a digest
_UPLOAD_THREADS = 4
_WINDOW_PHOTOS = 200
# Each figure is of at least a fifth of the largest job's photos: a hundred take six seconds only, and one disturbance
# of the machine changes them by a fifth.
_LEAST_SHARE = 1 / 5


def measure_scale(context: BenchContext) -> dict[str, Any]:
    """Run jobs of different sizes through one stack, after a first warm-up.

    Returns:
        The part `scale` of the results: medians for each size. Elapsed time is from the first upload to the last
        download; the processor time is that of the whole local stack.

    Raises:
        LocalStackError: the stack did not start.
        BenchError: a photo failed.
    """
    # A small photo: with a large one, the rendering hides costs that grow with the number of photos.
    ((photo, file),) = make_photos([TWO_MP])
    counts = context.amount.scale
    with local_stack(REPOSITORY) as stack:
        _run(stack, file, min(counts), "warm-up")
        runs: dict[int, list[dict[str, float]]] = {count: [] for count in counts}
        for number, count in enumerate(schedule(counts)):
            run = _run(stack, file, count, str(number))
            runs[count].append(run)
            say(f"{count:,} photos: {run['cpu_ms']:.0f} ms of CPU time and {run['wall_ms']:.0f} ms each")
    medians = [{name: median(run[name] for run in same) for name in same[0]} for same in runs.values()]
    return {"photo": photo.title, "runs": medians}


def schedule(counts: Sequence[int]) -> list[int]:
    """Order the jobs: small ones repeat before and after the largest one.

    Slow changes of the machine's speed then affect all sizes alike.
    """
    repeats = {count: ceil(_LEAST_SHARE * max(counts) / count) for count in sorted(counts)}
    before = [count for count, times in repeats.items() for _ in range(times // 2)]
    after = [count for count, times in repeats.items() for _ in range(times - times // 2)]
    return before + after[::-1]


def _run(stack: LocalStack, file: Path, count: int, prefix: str) -> dict[str, float]:
    assert stack.process is not None  # noqa: S101 (for the type checker: this process started it)
    start, cpu_before = time.monotonic(), tree_cpu_seconds(stack.process.pid)
    digests = _process(stack, file.read_bytes(), [f"{prefix}/{number:06}.jpg" for number in range(count)])
    wall, cpu = time.monotonic() - start, tree_cpu_seconds(stack.process.pid) - cpu_before
    return {
        "photos": count,
        "wall_ms": 1000 * wall / count,
        "cpu_ms": 1000 * cpu / count,
        "batches": len(digests),
    }


def _process(stack: LocalStack, body: bytes, keys: Sequence[str]) -> list[BatchDigest]:
    """Upload photos and receive digests until all are processed."""
    s3, bucket = stack.client("s3"), stack.outputs.input_bucket
    digests: list[BatchDigest] = []
    started, done, last_digest_at = 0, 0, time.monotonic()
    with ThreadPoolExecutor(_UPLOAD_THREADS) as uploads:
        while done < len(keys):
            for key in keys[started : done + _WINDOW_PHOTOS]:
                uploads.submit(s3.put_object, Bucket=bucket, Key=key, Body=body)
                started += 1
            for digest in _receive_digests(stack):
                digests.append(digest)
                done += len(digest.results)
                last_digest_at = time.monotonic()
            if time.monotonic() - last_digest_at > _TIMEOUT_SECONDS:
                raise BenchError(f"{done} of {len(keys)} photos were processed; the stack's log is {stack.log}")
    return digests


def _receive_digests(stack: LocalStack) -> list[BatchDigest]:
    """Receive digests, download the outputs, delete sources and outputs."""
    sqs, s3, outputs = stack.client("sqs"), stack.client("s3"), stack.outputs
    queue_url = outputs.follow_queue_url
    received = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    digests = []
    for message in received.get("Messages", []):
        sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        digests.append(BatchDigest.from_body(message["Body"]))
        for result in digests[-1].results:
            if result.outcome.is_failure or result.source is None:
                raise BenchError(f"a photo failed: {result.code} {result.detail}")
            s3.delete_object(Bucket=outputs.input_bucket, Key=result.source.key)
            for key in result.outputs:
                s3.get_object(Bucket=outputs.output_bucket, Key=key)["Body"].read()
                s3.delete_object(Bucket=outputs.output_bucket, Key=key)
    return digests
