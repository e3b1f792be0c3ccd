"""The function with real workers and real images against moto, AWS in memory."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers.clients import make_client
from handlers.services import Services
from tests.support.events import lambda_context
from tests.support.function_settings import ENVIRONMENT

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")


@dataclass(frozen=True)
class Aws:
    """The function, AWS in memory, and what tests read from it."""

    services: Services
    s3: Any
    sqs: Any
    sns: Any

    def invoke(self, records: list[dict[str, Any]], seconds_left: float = 60) -> list[str]:
        """Invoke the function; return the message ids of its batch item failures."""
        response = self.services.handle({"Records": records}, lambda_context(seconds_left))
        assert set(response) == {"batchItemFailures"}
        return [item["itemIdentifier"] for item in response["batchItemFailures"]]

    def upload(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket="photos", Key=key, Body=body)

    def messages(self, receive_count: int = 1) -> list[dict[str, Any]]:
        """Receive the messages that S3 sent, as records of the Lambda event."""
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
        """Return the failure code of each dead letter by its source key."""
        attributes = [letter["MessageAttributes"] for letter in self.dead_letters()]
        return {a.get("source-key", {}).get("StringValue", ""): a["failure-code"]["StringValue"] for a in attributes}

    def digests(self) -> list[dict[str, Any]]:
        """Return the JSON form of every digest."""
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


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """Build the function with real clients and real workers."""
    with pytest.MonkeyPatch.context() as patch:
        for name in CREDENTIALS:
            patch.setenv(name, ENVIRONMENT[name])
        services = Services.build(ENVIRONMENT, make_client)
    yield services
    services.workers.stop()


@pytest.fixture
def aws(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in CREDENTIALS:
        monkeypatch.setenv(name, ENVIRONMENT[name])
    with mock_aws():
        aws = Aws(services, boto3.client("s3"), boto3.client("sqs"), boto3.client("sns"))
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
        aws.messages()  # S3's test event
        topic = aws.sns.create_topic(Name="digests")["TopicArn"]
        aws.sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint="arn:aws:sqs:us-east-1:123456789012:follow",
            Attributes={"RawMessageDelivery": "true"},
        )
        yield aws
