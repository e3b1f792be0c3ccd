"""`npm run prove` on a deployed stage: it passes on a healthy one, fails on a broken one, and leaves nothing behind."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

import pytest

from scripts.aws.local_endpoint import LOCAL_STAGE, LocalStack
from scripts.cli.command_line import EXIT_COULD_NOT_RUN, EXIT_OK, EXIT_SOME_FAILED
from scripts.prove import deep_probes
from scripts.prove.__main__ import app
from scripts.prove.deep_probes import ProbeLimits
from scripts.prove.probes import FOLDER
from tests.e2e.test_doctor import Break, Undo, broken, function, mapping
from tests.support.command_line import CommandLine, Said


@pytest.fixture
def prove(stack: LocalStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    return CommandLine(app, LOCAL_STAGE, capsys)


def remains(stack: LocalStack) -> list[str]:
    """Return every object of a proof and every dead letter."""
    keys = [
        entry["Key"]
        for bucket in (stack.outputs.input_bucket, stack.outputs.output_bucket)
        for entry in stack.client("s3").list_objects_v2(Bucket=bucket, Prefix=FOLDER).get("Contents", [])
    ]
    answer = stack.client("sqs").receive_message(QueueUrl=stack.outputs.dead_letter_queue_url, WaitTimeSeconds=1)
    return [*keys, *(message["Body"] for message in answer.get("Messages", []))]


@pytest.fixture(autouse=True)
def _empty_dlq(stack: LocalStack) -> None:
    stack.client("sqs").purge_queue(QueueUrl=stack.outputs.dead_letter_queue_url)


def test_without_execute_it_says_what_it_would_do(prove: CommandLine, stack: LocalStack) -> None:
    said = prove()
    assert said.code == EXIT_OK
    assert "Dry run: nothing was uploaded." in said.out
    assert remains(stack) == []


def test_every_probe_comes_out_of_a_healthy_stage_as_it_must(prove: CommandLine) -> None:
    said = prove("--execute", "--json")
    document = json.loads(said.out)
    assert [each for each in document["probes"] if each["problems"]] == []
    assert said.code == EXIT_OK
    assert len(document["probes"]) == 13


def limit(**limits: str) -> Break:
    """Set limits in the function's environment."""

    def change(stack: LocalStack) -> Undo:
        found = stack.client("lambda").get_function_configuration(FunctionName=stack.outputs.process_function)
        return function(Environment={"Variables": {**found["Environment"]["Variables"], **limits}})(stack)

    return change


@pytest.fixture
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deep_probes, "MANY", 5)


@contextmanager
def listening(stack: LocalStack, topic: str) -> Iterator[list[str]]:
    """Subscribe a queue to a topic for the block; return its messages after it."""
    sqs, sns = stack.client("sqs"), stack.client("sns")
    url = sqs.create_queue(QueueName=f"listener-{uuid4().hex}")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    arn = sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=queue,
        Attributes={"RawMessageDelivery": "true"},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    heard: list[str] = []
    yield heard
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
        heard += [message["Body"] for message in found]
    sns.unsubscribe(SubscriptionArn=arn)
    sqs.delete_queue(QueueUrl=url)


def problems(said: Said) -> dict[str, list[str]]:
    return {each["probe"]: each["problems"] for each in json.loads(said.out)["probes"] if each["problems"]}


@pytest.mark.usefixtures("_few")
def test_every_deep_probe_comes_out_of_a_healthy_stage_as_it_must(prove: CommandLine, stack: LocalStack) -> None:
    with broken(stack, limit(PHOTO_TIMEOUT_SECONDS="2")), listening(stack, stack.outputs.alarm_topic_arn) as heard:
        said = prove("--deep", "--execute", "--json")
    document = json.loads(said.out)
    assert problems(said) == {}
    assert (document["not_sent"], document["alarms"]) == ([], [])
    assert said.code == EXIT_OK
    came = {each["probe"]: each["code"] for each in document["probes"]}
    assert came["a photo that outlasts its time"] == "too-slow"
    assert came["a photo that fills a worker's memory"] == "out-of-memory"
    assert came["a photo that needs more memory than the function has"] == "out-of-memory"
    assert remains(stack) == []
    alarms = {alarm["AlarmName"] for alarm in stack.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert {json.loads(message)["AlarmName"] for message in heard} == alarms


@pytest.mark.usefixtures("_few")
def test_a_stage_whose_batches_end_before_the_time_of_a_photo_does_not_pass(
    prove: CommandLine, stack: LocalStack
) -> None:
    with broken(stack, function(Timeout=12)), broken(stack, limit(PHOTO_TIMEOUT_SECONDS="8")):
        said = prove("--deep", "--execute", "--json", "--wait", "30s")
    assert said.code == EXIT_SOME_FAILED
    assert list(problems(said)) == ["a photo that outlasts its time"]


@pytest.mark.usefixtures("_few")
def test_a_stage_whose_workers_take_more_memory_than_the_function_has_does_not_pass(
    prove: CommandLine, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the function had this memory, of which its workers take more.
    read_limits = ProbeLimits.of
    monkeypatch.setattr(ProbeLimits, "of", lambda function: replace(read_limits(function), memory_mb=300))
    with broken(stack, limit(PHOTO_TIMEOUT_SECONDS="8")):
        said = prove("--deep", "--execute", "--json")
    assert said.code == EXIT_SOME_FAILED
    assert set(problems(said)) == {
        "a photo that fills a worker's memory",
        "a photo that needs more memory than the function has",
    }


def test_too_short_a_wait_for_the_slow_photo_is_refused(prove: CommandLine) -> None:
    said = prove("--deep", "--wait", "50s")
    assert said.code == EXIT_COULD_NOT_RUN
    assert "Give more than 50 s, or leave --wait out." in said.err


def test_it_leaves_nothing_behind(prove: CommandLine, stack: LocalStack) -> None:
    assert "Everything of this run is deleted." in prove("--execute").err
    assert remains(stack) == []


def test_a_stage_that_refuses_good_photos_does_not_pass(prove: CommandLine, stack: LocalStack) -> None:
    found = stack.client("lambda").get_function_configuration(FunctionName=stack.outputs.process_function)
    variables = {**found["Environment"]["Variables"], "MAX_PIXELS": "1000"}
    with broken(stack, function(Environment={"Variables": variables})):
        said = prove("--execute", "--wait", "15s")
    assert said.code == EXIT_SOME_FAILED
    assert "a good photo: came out as dead-lettered, too-many-pixels" in said.out


def test_a_stage_that_processes_nothing_does_not_pass_and_is_cleaned_up(prove: CommandLine, stack: LocalStack) -> None:
    with broken(stack, mapping(Enabled=False)):
        said = prove("--execute", "--wait", "3s")
        stack.client("sqs").purge_queue(QueueUrl=stack.outputs.queue_url)
    assert said.code == EXIT_SOME_FAILED
    assert "a good photo: no outcome was reported in time" in said.out
    assert remains(stack) == []
