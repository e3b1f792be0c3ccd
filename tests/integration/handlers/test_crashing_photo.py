"""A photo that really kills the whole function: the nine others of its batch are processed, it alone is in the DLQ."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from processing.output_keys import output_keys
from processing.renditions import parse_renditions
from scripts.aws.local_endpoint import client_environment, make_local_client
from scripts.cli.repository import REPOSITORY
from scripts.local_stack.stack import local_aws
from tests.integration.handlers.crashing_function import POISON, TIMEOUT_SECONDS
from tests.support.events import s3_body
from tests.support.function_settings import ENVIRONMENT
from tests.support.photos import jpeg

KEYS = [f"photo {number}.jpg" for number in range(10)]
POISONED = KEYS[4]
MAX_RECEIVE_COUNT = 5
PATIENCE_SECONDS = 180


@dataclass
class EventSourceMapping:
    """Receives batches, invokes the function, and deletes messages that it does not report as failed.

    Attributes:
        crashes: how often the function crashed.
    """

    sqs: Any
    queue_url: str
    environment: dict[str, str]
    crashes: int = 0
    _function: "subprocess.Popen[str] | None" = field(default=None, repr=False)

    def turn(self) -> None:
        """Handle one batch, if there is one."""
        received = self.sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, AttributeNames=["All"], WaitTimeSeconds=1
        ).get("Messages", [])
        answer = self._invoke({"Records": [_record(message) for message in received]}) if received else None
        if answer is None:
            return
        failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
        done = [message["ReceiptHandle"] for message in received if message["MessageId"] not in failed]
        entries = [{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(done)]
        if entries:
            # Messages that the function deleted itself fail here, one by one; a real queue reports success.
            self.sqs.delete_message_batch(QueueUrl=self.queue_url, Entries=entries)

    def _invoke(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """Return the function's response; None when it crashed."""
        function = self._function or self._start()
        assert function.stdin is not None
        assert function.stdout is not None
        function.stdin.write(json.dumps(event) + "\n")
        function.stdin.flush()
        line = function.stdout.readline()
        if not line:
            assert function.wait() == -9
            self.close()
            self.crashes += 1
            return None
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _start(self) -> "subprocess.Popen[str]":
        self._function = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.handlers.crashing_function"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env=self.environment,
        )
        return self._function

    def close(self) -> None:
        if self._function:
            self._function.kill()
            self._function.communicate()
            self._function = None


@dataclass
class Resources:
    """Buckets, queues and a topic of a local AWS."""

    s3: Any
    sqs: Any
    queue_url: str
    dead_letter_queue_url: str
    environment: dict[str, str]

    def count(self, queue_url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)


@pytest.fixture(scope="module")
def stage() -> Iterator[Resources]:
    with local_aws() as aws:
        s3, sqs, sns = (make_local_client(service, aws.endpoint_url) for service in ("s3", "sqs", "sns"))
        suffix = uuid4().hex[:8]
        photos, renditions = f"photos-{suffix}", f"renditions-{suffix}"
        for bucket in (photos, renditions):
            s3.create_bucket(Bucket=bucket)
        dead_letters = sqs.create_queue(QueueName=f"dead-letters-{suffix}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = {"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVE_COUNT}
        queue = sqs.create_queue(
            QueueName=f"photos-{suffix}",
            # As short as AWS lets it be.
            Attributes={"VisibilityTimeout": str(int(TIMEOUT_SECONDS)), "RedrivePolicy": json.dumps(redrive)},
        )["QueueUrl"]
        environment = ENVIRONMENT | client_environment(aws.endpoint_url) | {
            "PATH": "/usr/bin:/bin",
            "INPUT_BUCKET": photos,
            "OUTPUT_BUCKET": renditions,
            "QUEUE_URL": queue,
            "DEAD_LETTER_QUEUE_URL": dead_letters,
            "DIGEST_TOPIC_ARN": sns.create_topic(Name=f"digests-{suffix}")["TopicArn"],
            "MAX_RECEIVE_COUNT": str(MAX_RECEIVE_COUNT),
        }  # fmt: skip
        for key in KEYS:
            body = jpeg(trailing=POISON if key == POISONED else b"")
            etag = s3.put_object(Bucket=photos, Key=key, Body=body)["ETag"].strip('"')
            sqs.send_message(QueueUrl=queue, MessageBody=s3_body(key, bucket=photos, size=len(body), etag=etag))
        yield Resources(s3, sqs, queue, dead_letters, environment)


def test_after_a_poisoned_batch_of_ten_nine_photos_are_processed_and_one_is_dead(stage: Resources) -> None:
    mapping = EventSourceMapping(stage.sqs, stage.queue_url, stage.environment)
    end = time.monotonic() + PATIENCE_SECONDS
    with closing(mapping):
        while stage.count(stage.queue_url):
            assert time.monotonic() < end, "the queue never becomes empty"
            mapping.turn()
    assert mapping.crashes == MAX_RECEIVE_COUNT
    (letter,) = stage.sqs.receive_message(QueueUrl=stage.dead_letter_queue_url, MaxNumberOfMessages=10)["Messages"]
    assert json.loads(letter["Body"])["Records"][0]["s3"]["object"]["key"] == POISONED.replace(" ", "+")
    renditions = parse_renditions(ENVIRONMENT["RENDITIONS"])
    expected = {output for key in KEYS if key != POISONED for output in output_keys(key, renditions)}
    listed = stage.s3.list_objects_v2(Bucket=stage.environment["OUTPUT_BUCKET"])["Contents"]
    assert {item["Key"] for item in listed} == expected


def _record(message: dict[str, Any]) -> dict[str, Any]:
    """Return a received message as a record of the Lambda event."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:photos",
        "awsRegion": "us-east-1",
    }
