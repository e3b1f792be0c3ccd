import json
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.sqs.models import SQSBackend

from handlers.clients import make_client
from handlers.digest_queue import DigestQueue
from handlers.roll_up import CLIENT_CONFIG, RollUp, _roll_up, lambda_handler
from handlers.settings import RollUpSettings, SettingsError
from processing.digest.message import summarise
from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult, SourceObject
from tests.support.events import lambda_context

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

REGION = "eu-central-1"


class Topics:
    """Digest topic → collecting queue → roll-up → summary topic → inbox, as in the deployment."""

    def __init__(self, *, raw: bool) -> None:
        self.sns: SNSClient = boto3.client("sns")
        self.sqs: SQSClient = boto3.client("sqs")
        self.digest_topic = self.sns.create_topic(Name="digests")["TopicArn"]
        self.summary_topic = self.sns.create_topic(Name="summaries")["TopicArn"]
        self.queue = self._subscribed_queue("collected", self.digest_topic, raw=raw)
        self.inbox = self._subscribed_queue("inbox", self.summary_topic, raw=True)
        self.roll_up = RollUp(
            digests=DigestQueue(make_client("sqs", CLIENT_CONFIG), self.queue, wait_seconds=0),  # moto really waits
            sns=make_client("sns", CLIENT_CONFIG),
            settings=RollUpSettings(stage="prod", queue_url=self.queue, topic_arn=self.summary_topic),
        )

    def _subscribed_queue(self, name: str, topic: str, *, raw: bool) -> str:
        queue = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        attributes = {"RawMessageDelivery": "true"} if raw else {}
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
        return queue

    def run(self) -> dict[str, int]:
        return self.roll_up.run(lambda: 60_000)

    def publish_digest(self, *results: RecordResult, request_id: str) -> None:
        digest = summarise("prod", request_id, results)
        self.sns.publish(
            TopicArn=self.digest_topic, Subject=digest.subject, Message=digest.message, MessageStructure="json"
        )

    def summaries(self) -> list[dict[str, Any]]:
        """Return the JSON form of every summary."""
        summaries = []
        while messages := self.sqs.receive_message(QueueUrl=self.inbox, MaxNumberOfMessages=10).get("Messages", []):
            summaries += [json.loads(message["Body"]) for message in messages]
        return summaries

    def left_in_queue(self) -> int:
        """Return the number of messages, visible or in flight."""
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["All"])["Attributes"]
        visible = int(attributes["ApproximateNumberOfMessages"])
        return visible + int(attributes["ApproximateNumberOfMessagesNotVisible"])


def make_result(name: str, outcome: Outcome = Outcome.PROCESSED) -> RecordResult:
    return RecordResult(
        message_id=f"message-{name}",
        source=SourceObject(bucket="photos", key=f"{name}.jpg", etag=name),
        outcome=outcome,
        code=None if outcome is Outcome.PROCESSED else FailureCode.THROTTLED,
        outputs=(f"{name}.jpg/document.pdf",) if outcome is Outcome.PROCESSED else (),
        bytes_in=1000,
    )


@pytest.fixture(autouse=True)
def _fake_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    # moto gives a message to two requests at once when neither has hidden it yet.
    monkeypatch.setattr(SQSBackend, "receive_message", synchronized(SQSBackend.receive_message))
    with mock_aws():
        yield


def synchronized(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with one call of it at a time."""
    lock = threading.Lock()

    def call(*arguments: Any, **options: Any) -> Any:
        with lock:
            return function(*arguments, **options)

    return call


@pytest.fixture(params=[False, True], ids=["in SNS's envelope", "raw"])
def topics(request: pytest.FixtureRequest) -> Topics:
    return Topics(raw=request.param)


def logged(caplog: pytest.LogCaptureFixture, message: str, field: str) -> list[object]:
    return [vars(record)[field] for record in caplog.records if record.getMessage() == message]


def test_all_that_was_collected_becomes_one_message(topics: Topics) -> None:
    for i in range(23):
        topics.publish_digest(make_result(f"photo-{i}"), request_id=f"request-{i}")
    assert topics.run() == {"collected": 23, "unreadable": 0, "repeated": 0, "sent": 1, "left": 0}
    (summary,) = topics.summaries()
    assert (summary["kind"], summary["batches"]) == ("roll-up", 23)
    assert summary["counts"]["processed"] == 23
    assert topics.left_in_queue() == 0


def test_when_nothing_was_collected_nothing_is_sent(topics: Topics) -> None:
    assert topics.run()["sent"] == 0
    assert topics.summaries() == []


def test_a_digest_delivered_twice_counts_once(topics: Topics) -> None:
    for _ in range(2):
        topics.publish_digest(make_result("photo"), request_id="request-1")
    topics.run()
    (summary,) = topics.summaries()
    assert summary["counts"]["processed"] == 1
    assert topics.left_in_queue() == 0


def test_a_retried_photo_is_told_once_as_it_ended(topics: Topics) -> None:
    topics.publish_digest(make_result("photo", Outcome.RETRYING), request_id="request-1")
    topics.publish_digest(make_result("photo"), request_id="request-2")
    topics.run()
    (summary,) = topics.summaries()
    assert {name: number for name, number in summary["counts"].items() if number} == {"processed": 1}


def test_what_cannot_be_read_is_counted_logged_and_deleted(topics: Topics, caplog: pytest.LogCaptureFixture) -> None:
    topics.sqs.send_message(QueueUrl=topics.queue, MessageBody="poison")
    topics.publish_digest(make_result("photo"), request_id="request-1")
    assert topics.run() == {"collected": 2, "unreadable": 1, "repeated": 0, "sent": 1, "left": 0}
    (summary,) = topics.summaries()
    assert (summary["unreadable"], summary["counts"]["processed"]) == (1, 1)
    assert topics.left_in_queue() == 0
    assert logged(caplog, "Unreadable digest", "reason") == ["the body is not JSON"]


def test_the_message_carries_subject_and_attributes_for_filter_policies(
    topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics.publish_digest(make_result("photo", Outcome.EXHAUSTED), request_id="request-1")
    published: list[dict[str, Any]] = []
    monkeypatch.setattr(topics.roll_up.sns, "publish", lambda **call: published.append(call))
    topics.run()
    (call,) = published
    assert call["TopicArn"] == topics.summary_topic
    assert call["Subject"] == "Darkroom prod: 1 photo failed"
    assert call["MessageStructure"] == "json"
    assert call["MessageAttributes"]["status"] == {"DataType": "String", "StringValue": "failed"}


def test_nothing_is_deleted_when_publishing_fails(topics: Topics, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(12):
        topics.publish_digest(make_result(f"photo-{i}"), request_id=f"request-{i}")

    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "Throttled", "Message": "slow down"}}, "Publish")

    monkeypatch.setattr(topics.roll_up.sns, "publish", refuse)
    with pytest.raises(ClientError):
        topics.run()
    assert topics.left_in_queue() == 12
    assert topics.summaries() == []


def test_when_time_runs_low_what_was_collected_is_sent_and_the_rest_waits(
    topics: Topics, roll_up_environment: pytest.MonkeyPatch
) -> None:
    roll_up_environment.setenv("ROLL_UP_QUEUE_URL", topics.queue)
    roll_up_environment.setenv("SUMMARY_TOPIC_ARN", topics.summary_topic)
    for i in range(35):
        topics.publish_digest(make_result(f"photo-{i}"), request_id=f"request-{i}")
    clock = iter([60_000, 59_000, 58_000, 57_000, 56_000, 29_000])
    context = lambda_context()
    context.get_remaining_time_in_millis = lambda: next(clock)
    # A request, then two at once; more than half of the time is then over.
    done = lambda_handler({"source": "aws.events"}, context)
    assert done == {"collected": 30, "unreadable": 0, "repeated": 0, "sent": 1, "left": 1}
    assert topics.left_in_queue() == 5


def test_a_digest_that_cannot_be_deleted_is_logged(
    topics: Topics, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    topics.publish_digest(make_result("photo"), request_id="request-1")
    failed = {"Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}
    monkeypatch.setattr(topics.roll_up.digests.sqs, "delete_message_batch", lambda **_: failed)
    assert topics.run()["sent"] == 1
    assert logged(caplog, "Digest not deleted", "code") == ["InternalError"]


def test_digests_are_told_in_the_order_in_which_they_were_sent() -> None:
    """The queue hands them out in any order; of two final outcomes the later one counts."""

    class Queue:
        def __init__(self) -> None:
            self.messages = [self._message("2000", Outcome.GONE), self._message("1000", Outcome.EXHAUSTED)]

        def _message(self, sent_at: str, outcome: Outcome) -> dict[str, Any]:
            digest = summarise("prod", f"request-{sent_at}", (make_result("photo", outcome),))
            return {
                "MessageId": sent_at,
                "ReceiptHandle": sent_at,
                "Body": json.loads(digest.message)["sqs"],
                "Attributes": {"SentTimestamp": sent_at, "ApproximateReceiveCount": "1"},
            }

        def receive_message(self, **_: object) -> dict[str, Any]:
            messages, self.messages = self.messages, []
            return {"Messages": messages}

        def delete_message_batch(self, **_: object) -> dict[str, Any]:
            return {}

    class Topic:
        def publish(self, **call: Any) -> None:
            self.subject = call["Subject"]

    topic = Topic()
    settings = RollUpSettings(stage="prod", queue_url="https://queue", topic_arn="arn:aws:sns:::summaries")
    digests = DigestQueue(Queue(), settings.queue_url)  # type: ignore[arg-type]
    RollUp(digests=digests, sns=topic, settings=settings).run(lambda: 60_000)  # type: ignore[arg-type]
    assert topic.subject == "Darkroom prod: nothing new"


@pytest.fixture
def roll_up_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Return what sets the environment of the entry point, which is read at the first invocation."""
    monkeypatch.setenv("STAGE", "prod")
    _roll_up.cache_clear()
    yield monkeypatch
    _roll_up.cache_clear()


def test_a_wrong_environment_fails_before_anything_is_received(roll_up_environment: pytest.MonkeyPatch) -> None:
    for name in ("STAGE", "ROLL_UP_QUEUE_URL", "SUMMARY_TOPIC_ARN"):
        roll_up_environment.delenv(name, raising=False)
    with pytest.raises(SettingsError, match="STAGE is missing"):
        lambda_handler({"source": "aws.events"}, lambda_context())
