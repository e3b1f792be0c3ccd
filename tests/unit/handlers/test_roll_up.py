import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from handlers import roll_up
from handlers.roll_up import RollUp, RollUpSettings, lambda_handler
from handlers.settings import SettingsError
from processing.digest.message import DigestBatch, summarise
from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult, SourceObject

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

REGION = "eu-central-1"


class Context:
    """What Lambda hands over, with a clock that the test winds."""

    function_name = "roll-up"
    memory_limit_in_mb = 512
    invoked_function_arn = f"arn:aws:lambda:{REGION}:123456789012:function:roll-up"
    aws_request_id = "request-roll-up"

    def __init__(self, milliseconds_left: Callable[[], int] = lambda: 60_000) -> None:
        self.get_remaining_time_in_millis = milliseconds_left


class Town:
    """Digest topic → collecting queue → roll-up → summary topic → inbox, as the deployment wires them."""

    def __init__(self, *, raw: bool) -> None:
        self.sns: SNSClient = boto3.client("sns")
        self.sqs: SQSClient = boto3.client("sqs")
        self.digest_topic = self.sns.create_topic(Name="digests")["TopicArn"]
        self.summary_topic = self.sns.create_topic(Name="summaries")["TopicArn"]
        self.queue = self._subscribed_queue("collected", self.digest_topic, raw=raw)
        self.inbox = self._subscribed_queue("inbox", self.summary_topic, raw=True)

    def _subscribed_queue(self, name: str, topic: str, *, raw: bool) -> str:
        queue = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        attributes = {"RawMessageDelivery": "true"} if raw else {}
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
        return queue

    def publish_digest(self, *results: RecordResult, request_id: str) -> None:
        digest = summarise(DigestBatch("prod", request_id, results))
        self.sns.publish(
            TopicArn=self.digest_topic, Subject=digest.subject, Message=digest.message, MessageStructure="json"
        )

    def summaries(self) -> list[dict[str, Any]]:
        """The machines' form of every roll-up that was sent."""
        summaries = []
        while messages := self.sqs.receive_message(QueueUrl=self.inbox, MaxNumberOfMessages=10).get("Messages", []):
            summaries += [json.loads(message["Body"]) for message in messages]
        return summaries

    def left_in_queue(self) -> int:
        """Messages not deleted, visible or in flight."""
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
    monkeypatch.setattr(roll_up, "WAIT_SECONDS", 0)  # moto really waits
    with mock_aws():
        yield


@pytest.fixture(params=[False, True], ids=["in SNS's envelope", "raw"])
def town(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    town = Town(raw=request.param)
    monkeypatch.setenv("STAGE", "prod")
    monkeypatch.setenv("ROLL_UP_QUEUE_URL", town.queue)
    monkeypatch.setenv("SUMMARY_TOPIC_ARN", town.summary_topic)
    roll_up._roll_up.cache_clear()
    yield town
    roll_up._roll_up.cache_clear()


def invoke(context: Context | None = None) -> dict[str, int]:
    return lambda_handler({"source": "aws.events"}, context or Context())  # type: ignore[arg-type]


def logged(caplog: pytest.LogCaptureFixture, message: str, field: str) -> list[object]:
    return [vars(record)[field] for record in caplog.records if record.getMessage() == message]


def test_all_that_was_collected_becomes_one_message(town: Town) -> None:
    for i in range(23):
        town.publish_digest(make_result(f"photo-{i}"), request_id=f"request-{i}")
    assert invoke() == {"collected": 23, "unreadable": 0, "sent": 1}
    (summary,) = town.summaries()
    assert (summary["kind"], summary["batches"]) == ("roll-up", 23)
    assert summary["counts"]["processed"] == 23
    assert town.left_in_queue() == 0


def test_when_nothing_was_collected_nothing_is_sent(town: Town) -> None:
    assert invoke() == {"collected": 0, "unreadable": 0, "sent": 0}
    assert town.summaries() == []


def test_a_digest_delivered_twice_counts_once(town: Town) -> None:
    for _ in range(2):
        town.publish_digest(make_result("photo"), request_id="request-1")
    invoke()
    (summary,) = town.summaries()
    assert summary["counts"]["processed"] == 1
    assert town.left_in_queue() == 0


def test_a_retried_photo_is_told_once_as_it_ended(town: Town) -> None:
    town.publish_digest(make_result("photo", Outcome.RETRYING), request_id="request-1")
    town.publish_digest(make_result("photo"), request_id="request-2")
    invoke()
    (summary,) = town.summaries()
    assert {name: number for name, number in summary["counts"].items() if number} == {"processed": 1}


def test_what_cannot_be_read_is_counted_logged_and_deleted(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    town.sqs.send_message(QueueUrl=town.queue, MessageBody="poison")
    town.publish_digest(make_result("photo"), request_id="request-1")
    assert invoke() == {"collected": 2, "unreadable": 1, "sent": 1}
    (summary,) = town.summaries()
    assert (summary["unreadable"], summary["counts"]["processed"]) == (1, 1)
    assert town.left_in_queue() == 0
    assert logged(caplog, "Unreadable digest", "reason") == ["the body is not JSON"]


def test_the_message_carries_subject_and_attributes_for_filter_policies(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.publish_digest(make_result("photo", Outcome.EXHAUSTED), request_id="request-1")
    published: list[dict[str, Any]] = []
    monkeypatch.setattr(roll_up._roll_up().sns, "publish", lambda **call: published.append(call))
    invoke()
    (call,) = published
    assert call["TopicArn"] == town.summary_topic
    assert call["Subject"] == "Darkroom prod: 1 photo failed"
    assert call["MessageStructure"] == "json"
    assert call["MessageAttributes"]["status"] == {"DataType": "String", "StringValue": "failed"}


def test_nothing_is_deleted_when_publishing_fails(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(12):
        town.publish_digest(make_result(f"photo-{i}"), request_id=f"request-{i}")

    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "Throttled", "Message": "slow down"}}, "Publish")

    monkeypatch.setattr(roll_up._roll_up().sns, "publish", refuse)
    with pytest.raises(ClientError):
        invoke()
    assert town.left_in_queue() == 12
    assert town.summaries() == []


def test_more_digests_than_one_message_may_hold_make_a_second(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roll_up, "MAX_DIGESTS", 15)
    for i in range(33):
        town.publish_digest(make_result(f"photo-{i}"), request_id=f"request-{i}")
    assert invoke() == {"collected": 33, "unreadable": 0, "sent": 3}
    assert sorted(summary["batches"] for summary in town.summaries()) == [3, 15, 15]
    assert town.left_in_queue() == 0


def test_when_time_runs_low_what_was_collected_is_sent_and_the_rest_waits(town: Town) -> None:
    for i in range(25):
        town.publish_digest(make_result(f"photo-{i}"), request_id=f"request-{i}")
    clock = iter([60_000, 60_000, 9_000, 9_000])
    assert invoke(Context(lambda: next(clock))) == {"collected": 20, "unreadable": 0, "sent": 1}
    assert town.left_in_queue() == 5


def test_a_digest_that_cannot_be_deleted_is_logged(
    town: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    town.publish_digest(make_result("photo"), request_id="request-1")
    failed = {"Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}
    monkeypatch.setattr(roll_up._roll_up().sqs, "delete_message_batch", lambda **_: failed)
    assert invoke()["sent"] == 1
    assert logged(caplog, "Digest not deleted", "code") == ["InternalError"]


def test_digests_are_told_in_the_order_in_which_they_were_sent() -> None:
    """The queue hands them out in any order; of two final outcomes the later one counts."""

    class Queue:
        def __init__(self) -> None:
            self.messages = [self._message("2000", Outcome.GONE), self._message("1000", Outcome.EXHAUSTED)]

        def _message(self, sent_at: str, outcome: Outcome) -> dict[str, Any]:
            digest = summarise(DigestBatch("prod", f"request-{sent_at}", (make_result("photo", outcome),)))
            return {
                "MessageId": sent_at,
                "ReceiptHandle": sent_at,
                "Body": json.loads(digest.message)["sqs"],
                "Attributes": {"SentTimestamp": sent_at},
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
    RollUp(sqs=Queue(), sns=topic, settings=settings).run(lambda: True)  # type: ignore[arg-type]
    assert topic.subject == "Darkroom prod: nothing new"


def test_every_mistake_in_the_environment_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        RollUpSettings.from_environment({"ROLL_UP_QUEUE_URL": "collected", "SUMMARY_TOPIC_ARN": "arn:aws:sqs:x"})
    assert str(raised.value).splitlines()[1:] == [
        "- STAGE is missing",
        "- ROLL_UP_QUEUE_URL='collected' is not the URL of a queue",
        "- SUMMARY_TOPIC_ARN='arn:aws:sqs:x' is not the ARN of a topic",
    ]


def test_a_wrong_environment_fails_before_anything_is_received(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STAGE", "ROLL_UP_QUEUE_URL", "SUMMARY_TOPIC_ARN"):
        monkeypatch.delenv(name, raising=False)
    roll_up._roll_up.cache_clear()
    with pytest.raises(SettingsError, match="STAGE is missing"):
        invoke()
