"""`npm run prove` on a deployed stage: it passes on a healthy one, fails on a broken one, and leaves nothing behind."""

import json

import pytest

from scripts.aws.local_endpoint import LOCAL_STAGE, LocalStack
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED
from scripts.prove.__main__ import app
from scripts.prove.probes import FOLDER
from tests.e2e.test_doctor import broken, function, mapping
from tests.support.command_line import CommandLine


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
