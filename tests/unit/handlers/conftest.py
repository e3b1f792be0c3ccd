"""The function against AWS in memory (moto), with its real workers and real images."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.support.events import lambda_context

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
    "STAGE": "test",
    "OUTPUT_BUCKET": "renditions",
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/photos",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters",
    "DIGEST_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:digests",
    "RENDITIONS": "large:1200:80,medium:600:80,small:300:80",
    "MAX_BYTES": "3000000",
    "MAX_PIXELS": "30000000",
    "MAX_PAGES": "10",
    "MAX_RECEIVE_COUNT": "5",
    "RETRY_BASE_SECONDS": "30",
    "RETRY_MAX_SECONDS": "900",
    "PHOTO_TIMEOUT_SECONDS": "20",
    "POWERTOOLS_SERVICE_NAME": "darkroom-test",
    "POWERTOOLS_METRICS_NAMESPACE": "Darkroom",
}


@dataclass(frozen=True)
class Aws:
    """AWS in memory, and what the tests ask of it."""

    s3: Any
    sqs: Any
    sns: Any

    def upload(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket="photos", Key=key, Body=body)

    def messages(self, receive_count: int = 1) -> list[dict[str, Any]]:
        """Receives what S3 sent, in the shape in which the function gets it."""
        received = self._receive(ENVIRONMENT["QUEUE_URL"])
        return [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"] | {"ApproximateReceiveCount": str(receive_count)},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:photos",
                "awsRegion": "us-east-1",
            }
            for message in received
        ]

    def dead_letters(self) -> list[dict[str, Any]]:
        return self._receive(ENVIRONMENT["DEAD_LETTER_QUEUE_URL"])

    def reasons(self) -> dict[str, str]:
        """The failure code of each dead letter by its source key."""
        attributes = [letter["MessageAttributes"] for letter in self.dead_letters()]
        return {a.get("source-key", {}).get("StringValue", ""): a["failure-code"]["StringValue"] for a in attributes}

    def digests(self) -> list[dict[str, Any]]:
        """The machine form of every digest."""
        queue_url = self.sqs.get_queue_url(QueueName="follow")["QueueUrl"]
        return [json.loads(message["Body"]) for message in self._receive(queue_url)]

    def outcomes(self) -> dict[str, str]:
        return {record["key"]: record["outcome"] for digest in self.digests() for record in digest["records"]}

    def outputs(self) -> dict[str, dict[str, Any]]:
        listed = self.s3.list_objects_v2(Bucket="renditions").get("Contents", [])
        return {item["Key"]: item for item in listed}

    def read(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket="renditions", Key=key)["Body"].read()
        return body

    def _receive(self, queue_url: str) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        while batch := self.sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
        ).get("Messages"):
            messages += batch
        return messages


# The functions read their settings when they are imported, and so before any fixture runs.
os.environ.update(ENVIRONMENT)


@pytest.fixture(scope="session", autouse=True)
def _workers_end_with_the_session() -> Iterator[None]:
    yield
    if "handlers.process_images" in sys.modules:
        sys.modules["handlers.process_images"].house.workers.stop()


@pytest.fixture
def aws() -> Iterator[Aws]:
    with mock_aws():
        aws = Aws(boto3.client("s3"), boto3.client("sqs"), boto3.client("sns"))
        for name in ("photos", "renditions"):
            aws.s3.create_bucket(Bucket=name)
        for name in ("photos", "dead-letters", "follow"):
            aws.sqs.create_queue(QueueName=name)
        aws.s3.put_bucket_notification_configuration(
            Bucket="photos",
            NotificationConfiguration={
                "QueueConfigurations": [
                    {"QueueArn": "arn:aws:sqs:us-east-1:123456789012:photos", "Events": ["s3:ObjectCreated:*"]}
                ]
            },
        )
        aws.messages()  # S3 announces itself with a test event
        topic = aws.sns.create_topic(Name="digests")["TopicArn"]
        aws.sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint="arn:aws:sqs:us-east-1:123456789012:follow",
            Attributes={"RawMessageDelivery": "true"},
        )
        yield aws


def invoke(records: list[dict[str, Any]], seconds_left: float = 60) -> Any:
    """Calls the function; answers the ids it reports as failed."""
    from handlers.process_images import lambda_handler

    response = lambda_handler({"Records": records}, lambda_context(seconds_left))
    assert set(response) == {"batchItemFailures"}
    return [item["itemIdentifier"] for item in response["batchItemFailures"]]
