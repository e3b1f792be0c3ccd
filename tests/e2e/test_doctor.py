"""`npm run doctor` on a deployed stage: healthy, and broken by hand in each way that a rule is about."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from handlers.clients import check_sdk
from handlers.settings import SettingsError
from scripts.aws.local_endpoint import LOCAL_STAGE, LocalStack
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED
from scripts.doctor.__main__ import app
from tests.support.command_line import CommandLine

# What a laptop's stage warns of although it is healthy.
ALWAYS = {"Somebody is told", "Decoders run in a sandbox", "The DLQ is empty"}
Undo = Callable[[], object]
Break = Callable[[LocalStack], Undo]


@pytest.fixture
def doctor(stack: LocalStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    return CommandLine(app, LOCAL_STAGE, capsys)


@contextmanager
def broken(stack: LocalStack, change: Break) -> Iterator[None]:
    undo = change(stack)
    try:
        yield
    finally:
        undo()


def queue_attribute(queue: str, name: str, value: str) -> Break:
    def change(stack: LocalStack) -> Undo:
        sqs, url = stack.client("sqs"), getattr(stack.outputs, queue)
        before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"].get(name, "")
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: value})
        return lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes={name: before})

    return change


def mapping(**settings: Any) -> Break:
    def change(stack: LocalStack) -> Undo:
        functions = stack.client("lambda")
        (found,) = functions.list_event_source_mappings(FunctionName=stack.outputs.process_function)[
            "EventSourceMappings"
        ]
        before = {
            "Enabled": True,
            "BatchSize": found["BatchSize"],
            "MaximumBatchingWindowInSeconds": found["MaximumBatchingWindowInSeconds"],
            "FunctionResponseTypes": found["FunctionResponseTypes"],
            "ScalingConfig": found["ScalingConfig"],
        }
        functions.update_event_source_mapping(UUID=found["UUID"], **settings)
        return lambda: functions.update_event_source_mapping(
            UUID=found["UUID"], **{name: before[name] for name in settings}
        )

    return change


def function(**settings: Any) -> Break:
    def change(stack: LocalStack) -> Undo:
        functions, name = stack.client("lambda"), stack.outputs.process_function
        found = functions.get_function_configuration(FunctionName=name)
        functions.update_function_configuration(FunctionName=name, **settings)
        return lambda: functions.update_function_configuration(
            FunctionName=name, **{setting: found[setting] for setting in settings}
        )

    return change


def attempts_of_the_function(stack: LocalStack) -> Undo:
    found = stack.client("lambda").get_function_configuration(FunctionName=stack.outputs.process_function)
    variables = {**found["Environment"]["Variables"], "MAX_RECEIVE_COUNT": "3"}
    return function(Environment={"Variables": variables})(stack)


def no_notification(stack: LocalStack) -> Undo:
    s3, bucket = stack.client("s3"), stack.outputs.input_bucket
    before = s3.get_bucket_notification_configuration(Bucket=bucket)
    before.pop("ResponseMetadata")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    return lambda: s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=before)


def policy(*, keep: Callable[[dict[str, Any]], bool], add: dict[str, Any] | None = None) -> Break:
    def change(stack: LocalStack) -> Undo:
        sqs, url = stack.client("sqs"), stack.outputs.queue_url
        found = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
        statements = [s for s in found["Statement"] if keep(s)] + ([add] if add else [])
        return queue_attribute("queue_url", "Policy", json.dumps({**found, "Statement": statements}))(stack)

    return change


def old_sdk(stack: LocalStack) -> Undo:
    """Write to the log what the function writes when its runtime's botocore is too old."""
    logs, group, stream = stack.client("logs"), f"/aws/lambda/{stack.outputs.process_function}", "an-old-runtime"
    with pytest.raises(SettingsError) as refused:
        check_sdk("1.35.99")
    line = json.dumps({"errorType": "SettingsError", "errorMessage": str(refused.value)})
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    event = {"timestamp": int(time.time() * 1000), "message": line}
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])
    return lambda: logs.delete_log_stream(logGroupName=group, logStreamName=stream)


ANYBODY = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}


def wrapped_digests(stack: LocalStack) -> Undo:
    sns, topic = stack.client("sns"), stack.outputs.digest_topic_arn
    found = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    (arn,) = [each["SubscriptionArn"] for each in found if each["Endpoint"].endswith("-roll-up")]

    def set_raw(value: str) -> None:
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="RawMessageDelivery", AttributeValue=value)

    set_raw("false")
    return lambda: set_raw("true")


def disabled_schedule(stack: LocalStack) -> Undo:
    events = stack.client("events")
    (name,) = [rule["Name"] for rule in events.list_rules()["Rules"] if LOCAL_STAGE in rule["Name"]]
    events.disable_rule(Name=name)
    return lambda: events.enable_rule(Name=name)


def open_bucket(stack: LocalStack) -> Undo:
    s3, bucket = stack.client("s3"), stack.outputs.output_bucket
    before = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    s3.delete_public_access_block(Bucket=bucket)
    return lambda: s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=before)


def an_alarm(stack: LocalStack) -> str:
    return str(stack.client("cloudwatch").describe_alarms()["MetricAlarms"][0]["AlarmName"])


def silent_alarm(stack: LocalStack) -> Undo:
    cloudwatch, name = stack.client("cloudwatch"), an_alarm(stack)
    cloudwatch.disable_alarm_actions(AlarmNames=[name])
    return lambda: cloudwatch.enable_alarm_actions(AlarmNames=[name])


def ringing_alarm(stack: LocalStack) -> Undo:
    cloudwatch, name = stack.client("cloudwatch"), an_alarm(stack)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    return lambda: cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="the test has ended")


def closed_alarm_topic(stack: LocalStack) -> Undo:
    sns, topic = stack.client("sns"), stack.outputs.alarm_topic_arn
    before = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    document = json.loads(before)
    denying = [statement for statement in document["Statement"] if statement["Effect"] == "Deny"]

    def set_policy(text: str) -> None:
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=text)

    set_policy(json.dumps({**document, "Statement": denying}))
    return lambda: set_policy(before)


BREAKS: dict[str, tuple[str, Break]] = {
    "another runtime": ("The functions are ready", function(Runtime="python3.12")),
    "another lock file": (
        "A function and its layers are from one lock file",
        function(Description="by hand (uv.lock 0123456789ab)"),
    ),
    "an old SDK": ("The runtime's SDK is new enough", old_sdk),
    "no notification": ("Every upload becomes a message", no_notification),
    "a queue that is open to anybody": (
        "The input bucket, and nothing else, may send to the queue",
        policy(keep=bool, add=ANYBODY),
    ),
    "a queue that is closed to the bucket": (
        "The input bucket, and nothing else, may send to the queue",
        policy(keep=lambda statement: statement["Effect"] == "Deny"),
    ),
    "a disabled mapping": ("The event source mapping feeds the function", mapping(Enabled=False)),
    "no partial batch responses": ("Failures are reported photo by photo", mapping(FunctionResponseTypes=[])),
    "large batches at once": (
        "Batches above ten have a window",
        mapping(BatchSize=20, MaximumBatchingWindowInSeconds=0),
    ),
    "a short visibility timeout": (
        "A message stays hidden while it is processed",
        queue_attribute("queue_url", "VisibilityTimeout", "30"),
    ),
    "other attempts in the function": ("Queue and function count the same attempts", attempts_of_the_function),
    "dead letters deleted early": (
        "Dead letters are kept as long as SQS allows",
        queue_attribute("dead_letter_queue_url", "MessageRetentionPeriod", "345600"),
    ),
    "wrapped digests": ("Digests reach the roll-up", wrapped_digests),
    "a disabled schedule": ("The roll-up runs", disabled_schedule),
    "an open bucket": ("No bucket can be made public", open_bucket),
    "a silent alarm": ("Every alarm notifies the alarm topic", silent_alarm),
    "a closed alarm topic": ("CloudWatch may publish to the alarm topic", closed_alarm_topic),
    "too much concurrency": (
        "The account runs the stage's concurrency",
        mapping(ScalingConfig={"MaximumConcurrency": 1000}),
    ),
    "a ringing alarm": ("No alarm is on", ringing_alarm),
}


def verdicts(doctor: CommandLine) -> dict[str, str]:
    return {each["rule"]: each["verdict"] for each in json.loads(doctor("--json").out)}


def test_a_healthy_stage_passes(doctor: CommandLine) -> None:
    said = doctor()
    assert said.code == EXIT_OK
    assert {rule for rule, verdict in verdicts(doctor).items() if verdict != "pass"} <= ALWAYS


@pytest.mark.parametrize("name", BREAKS)
def test_a_stage_that_is_broken_in_this_way_is_told(doctor: CommandLine, stack: LocalStack, name: str) -> None:
    rule, change = BREAKS[name]
    with broken(stack, change):
        found = verdicts(doctor)
    assert {each for each, verdict in found.items() if verdict != "pass"} - ALWAYS == {rule}


def test_a_broken_rule_is_told_with_what_to_do_and_an_exit_code(doctor: CommandLine, stack: LocalStack) -> None:
    with broken(stack, mapping(Enabled=False)):
        said = doctor()
    assert said.code == EXIT_SOME_FAILED
    assert "FAIL: The event source mapping feeds the function" in said.lines
    assert any("What to do: enable it" in line for line in said.lines)


def test_a_queue_that_dead_letters_early_is_told(doctor: CommandLine, stack: LocalStack) -> None:
    sqs, url = stack.client("sqs"), stack.outputs.queue_url
    redrive = json.loads(
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    )
    fewer = json.dumps({**redrive, "maxReceiveCount": 2})
    with broken(stack, queue_attribute("queue_url", "RedrivePolicy", fewer)):
        found = verdicts(doctor)
    assert found["A message that keeps failing is dead-lettered"] == "fail"


def test_dead_letters_are_a_warning(doctor: CommandLine, stack: LocalStack) -> None:
    sqs, url = stack.client("sqs"), stack.outputs.dead_letter_queue_url
    sqs.send_message(QueueUrl=url, MessageBody="a dead letter")
    found = verdicts(doctor)
    sqs.purge_queue(QueueUrl=url)
    assert found["The DLQ is empty"] == "warn"
