"""Repeats and overwrites on the deployed service."""

import json
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from scripts.aws.local_endpoint import LocalStack
from tests.support.photos import jpeg

PATIENCE_SECONDS = 60


@pytest.fixture
def key() -> str:
    return f"repeats/{uuid4()}.jpg"


@pytest.fixture
def outcomes(stack: LocalStack) -> Callable[[str, int], list[str]]:
    """Return a function that waits for `count` outcomes of a key in the digests."""
    seen: list[dict[str, Any]] = []

    def wait(key: str, count: int) -> list[str]:
        sqs, end = stack.client("sqs"), time.monotonic() + PATIENCE_SECONDS
        while True:
            found = [record["outcome"] for record in seen if record["key"] == key]
            if len(found) >= count or time.monotonic() > end:
                return found
            answer = sqs.receive_message(
                QueueUrl=stack.outputs.follow_queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            for message in answer.get("Messages", []):
                seen.extend(json.loads(message["Body"])["records"])
                sqs.delete_message(QueueUrl=stack.outputs.follow_queue_url, ReceiptHandle=message["ReceiptHandle"])

    return wait


def event_of(stack: LocalStack, key: str) -> str:
    """Return the S3 event of the current version of an object."""
    head = stack.client("s3").head_object(Bucket=stack.outputs.input_bucket, Key=key)
    s3_object = {"key": key, "size": head["ContentLength"], "eTag": head["ETag"].strip('"')}
    record = {
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": stack.outputs.input_bucket}, "object": s3_object},
    }
    return json.dumps({"Records": [record]})


def output(stack: LocalStack, key: str, name: str) -> tuple[tuple[int, int], Any]:
    """Return an output's size in pixels and its `LastModified`."""
    answer = stack.client("s3").get_object(Bucket=stack.outputs.output_bucket, Key=f"{key}/{name}")
    with Image.open(BytesIO(answer["Body"].read())) as image:
        return image.size, answer["LastModified"]


def test_the_same_event_again_is_a_duplicate_and_encodes_nothing(
    stack: LocalStack, key: str, outcomes: Callable[[str, int], list[str]]
) -> None:
    stack.client("s3").put_object(Bucket=stack.outputs.input_bucket, Key=key, Body=jpeg())
    assert outcomes(key, 1) == ["processed"]
    before = output(stack, key, "large.jpg")
    stack.client("sqs").send_message(QueueUrl=stack.outputs.queue_url, MessageBody=event_of(stack, key))
    assert outcomes(key, 2) == ["processed", "duplicate"]
    assert output(stack, key, "large.jpg") == before


def test_an_overwritten_photo_is_processed_anew(
    stack: LocalStack, key: str, outcomes: Callable[[str, int], list[str]]
) -> None:
    for count, size in enumerate([(400, 300), (300, 400)], start=1):
        stack.client("s3").put_object(Bucket=stack.outputs.input_bucket, Key=key, Body=jpeg(size))
        assert outcomes(key, count) == ["processed"] * count
        assert output(stack, key, "large.jpg")[0] == size


def test_a_malformed_message_goes_to_the_dlq_with_its_reason(stack: LocalStack) -> None:
    sqs, body = stack.client("sqs"), f"no event {uuid4()}"
    sqs.send_message(QueueUrl=stack.outputs.queue_url, MessageBody=body)
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        answer = sqs.receive_message(
            QueueUrl=stack.outputs.dead_letter_queue_url, MessageAttributeNames=["All"], WaitTimeSeconds=1
        )
        for letter in answer.get("Messages", []):
            if letter["Body"] == body:
                assert letter["MessageAttributes"]["failure-code"]["StringValue"] == "malformed-message"
                return
    pytest.fail("the message never came to the DLQ")
