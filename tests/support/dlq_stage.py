"""Dead letters on a local AWS, and the contents of its queues."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from processing.failures import FailureCode
from scripts.aws.sqs_queue import Depth, SqsQueue
from tests.support.bare_stage import BareStage, drain
from tests.support.dead_letters import dead_letter

DENIED = [dead_letter(f"2026/{i}.jpg", code=FailureCode.ACCESS_DENIED) for i in range(12)]
CORRUPT = [dead_letter(f"old/{i}.png", code=FailureCode.CORRUPT_IMAGE) for i in range(3)]


def denied_sources(stage: BareStage) -> list[dict[str, Any]]:
    """Store photos; return their dead letters."""
    s3, bucket, letters = stage.client("s3"), stage.target.outputs.input_bucket, []
    for number in range(12):
        etag = s3.put_object(Bucket=bucket, Key=f"2026/{number}.jpg", Body=b"photo")["ETag"].strip('"')
        letters.append(dead_letter(f"2026/{number}.jpg", bucket=bucket, etag=etag))
    return letters


def depth(stage: BareStage) -> Depth:
    return SqsQueue(stage.client("sqs"), stage.target.outputs.dead_letter_queue_url).depth()


def in_dlq(stage: BareStage) -> list[dict[str, Any]]:
    return drain(stage.client("sqs"), stage.target.outputs.dead_letter_queue_url)


def in_queue(stage: BareStage) -> list[dict[str, Any]]:
    return drain(stage.client("sqs"), stage.target.outputs.queue_url)


def bodies(messages: Sequence[dict[str, Any]]) -> list[str]:
    return sorted(message.get("Body", "") or message["MessageBody"] for message in messages)


def with_names(text: str, stage: BareStage, ids: Sequence[str]) -> list[str]:
    """Replace the test's own names and ids, and runs of spaces."""
    for number, letter_id in enumerate(ids):
        text = text.replace(letter_id, f"id-{number}")
    return [" ".join(line.split()) for line in text.replace(stage.name, "STAGE").splitlines()]


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)
