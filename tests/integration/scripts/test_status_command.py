"""`npm run status`, against a local AWS whose metrics, alarms and log lines the tests write."""

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scripts.aws.prices import idle_cost, usage_cost
from scripts.cli.repository import REPOSITORY
from scripts.status import __main__ as status_command
from scripts.status.__main__ import app
from tests.support.bare_stage import BareStage, send_all
from tests.support.command_line import CommandLine

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
READS = ("Describe", "Get", "List", "StartQuery")


@pytest.fixture
def status(bare_stage: BareStage, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    bare_stage.client("logs").create_log_group(logGroupName=log_group(bare_stage))
    return CommandLine(app, bare_stage.name, capsys)


@pytest.fixture
def as_on_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command take the local AWS, whose metrics the test writes, for AWS; its clock shows NOON."""
    monkeypatch.setattr(status_command, "is_local_stack", lambda _: False)
    monkeypatch.setattr(status_command, "utc_now", lambda: NOON)


def log_group(stage: BareStage) -> str:
    return f"/aws/lambda/{stage.target.outputs.process_function}"


def log(stage: BareStage, *records: dict[str, str]) -> None:
    """Write the function's log lines about photos."""
    logs, now = stage.client("logs"), round(time.time() * 1000)
    logs.create_log_stream(logGroupName=log_group(stage), logStreamName="one")
    lines = [json.dumps({"message": "S3 record done", **record}) for record in records]
    events: list[Any] = [{"timestamp": now, "message": line} for line in lines]
    logs.put_log_events(logGroupName=log_group(stage), logStreamName="one", logEvents=events)


def put_metric(stage: BareStage, namespace: str, name: str, dimension: tuple[str, str], value: float) -> None:
    """Write a data point of three minutes before noon."""
    at = NOON - timedelta(minutes=3)
    data: Any = {
        "MetricName": name,
        "Dimensions": [{"Name": dimension[0], "Value": dimension[1]}],
        "Timestamp": at,
        "Value": value,
    }
    stage.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[data])


def put_alarm(stage: BareStage, name: str, *, is_on: bool, topic: str = "") -> None:
    cloudwatch = stage.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmDescription=f"Photos failed. First: `npm run dlq -- list --stage {stage.name}`. Runbook: there.",
        AlarmActions=[topic or stage.target.outputs.alarm_topic_arn],
        Namespace="Darkroom",
        MetricName="None",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM" if is_on else "OK", StateReason="test")


def test_an_idle_stage_ends_with_0(status: CommandLine) -> None:
    said = status()
    assert said.code == 0
    assert "queue         0 waiting, 0 in flight" in said.lines
    assert "finished in   nothing is left to do" in said.lines


def test_queue_and_dead_letters_are_counted_and_a_dead_letter_ends_with_2(
    status: CommandLine, bare_stage: BareStage
) -> None:
    sqs, outputs = bare_stage.client("sqs"), bare_stage.target.outputs
    send_all(sqs, outputs.queue_url, [{"MessageBody": "photo"}] * 12)
    sqs.receive_message(QueueUrl=outputs.queue_url, MaxNumberOfMessages=5)
    send_all(sqs, outputs.dead_letter_queue_url, [{"MessageBody": "letter"}] * 3)
    said = status("--json")
    document = json.loads(said.out)
    assert said.code == 2
    assert (document["queue"], document["dead_letters"]) == ({"waiting": 7, "in_flight": 5}, 3)


def test_failures_of_the_last_minutes_are_counted_by_code_from_the_log(
    status: CommandLine, bare_stage: BareStage
) -> None:
    log(
        bare_stage,
        {"outcome": "processed", "key": '"code":'},
        {"outcome": "dead-lettered", "code": "truncated-image"},
        {"outcome": "exhausted", "code": "access-denied"},
        {"outcome": "dead-lettered", "code": "truncated-image"},
        {"outcome": "retrying", "code": "throttled"},
    )
    failures = json.loads(status("--json").out)["failures"]
    assert failures["failed"] == {"truncated-image": 2, "access-denied": 1}
    assert failures["retrying"] == {"throttled": 1}


def test_a_local_stack_says_that_it_has_no_metrics(status: CommandLine) -> None:
    said = status()
    assert "pace          not known: the local stack has no metrics" in said.lines
    assert "alarms        not known: the local stack has no metrics" in said.lines


@pytest.mark.usefixtures("as_on_aws")
def test_pace_time_left_and_the_costs_of_today_come_from_metrics(status: CommandLine, bare_stage: BareStage) -> None:
    outputs = bare_stage.target.outputs
    queue = ("QueueName", outputs.queue_url.rpartition("/")[2])
    put_metric(bare_stage, "AWS/SQS", "ApproximateAgeOfOldestMessage", queue, 130)
    put_metric(bare_stage, "AWS/SQS", "NumberOfMessagesDeleted", queue, 1200)
    put_metric(bare_stage, "Darkroom", "Processed", ("service", f"darkroom-{bare_stage.name}"), 600)
    put_metric(bare_stage, "Darkroom", "Processed", ("service", "darkroom-another"), 9999)
    put_metric(bare_stage, "AWS/Lambda", "Duration", ("FunctionName", outputs.process_function), 60_000)
    put_metric(bare_stage, "AWS/Lambda", "Invocations", ("FunctionName", outputs.process_function), 60)
    send_all(bare_stage.client("sqs"), outputs.queue_url, [{"MessageBody": "photo"}] * 40)
    document = json.loads(status("--json").out)
    assert (document["pace"]["oldest_seconds"], document["pace"]["processed"]) == (130, 600)
    assert document["pace"]["photos_per_second"] == 10  # in one minute: CloudWatch may not have the last two yet
    assert document["seconds_left"] == 40 / 20
    assert document["today"] == {"processed": 600, "busy_seconds": 60, "invocations": 60}
    idle = idle_cost(timedelta(hours=12), alarm_metrics=0)
    used = usage_cost(photos=600, outputs=4, gb_seconds=60 * 1769 / 1024, invocations=60)
    assert document["dollars_today"] == pytest.approx(idle + used)
    assert document["unknown"] == {}


@pytest.mark.usefixtures("as_on_aws")
def test_alarms_of_this_stage_that_are_on_are_shown_with_the_first_command(
    status: CommandLine, bare_stage: BareStage
) -> None:
    prefix = f"darkroom-{bare_stage.name}"
    put_alarm(bare_stage, f"{prefix}-photos-failed", is_on=True)
    put_alarm(bare_stage, f"{prefix}-backlog", is_on=False)
    put_alarm(bare_stage, f"{prefix}-eu-backlog", is_on=True, topic="arn:aws:sns:us-east-1:000000000000:other")
    said = status()
    assert said.code == 2
    assert "alarms        photos-failed" in said.lines
    (row,) = [line for line in said.lines if line.startswith("photos-failed  ")]
    assert row.endswith(f"npm run dlq -- list --stage {bare_stage.name}")


@pytest.mark.usefixtures("as_on_aws")
def test_what_aws_refuses_is_not_known_and_the_rest_is_shown(bare_stage: BareStage, status: CommandLine) -> None:
    bare_stage.client("logs").delete_log_group(logGroupName=log_group(bare_stage))
    said = status()
    assert said.code == 0
    assert "failed        not known: AWS refused StartQuery: ResourceNotFoundException" in said.lines
    assert "queue         0 waiting, 0 in flight" in said.lines


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the names of the AWS operations that are called."""
    import botocore.client

    names: list[str] = []
    call = vars(botocore.client.BaseClient)["_make_api_call"]

    def note(self: Any, operation: str, arguments: Any) -> Any:
        names.append(operation)
        return call(self, operation, arguments)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", note)
    return names


@pytest.mark.usefixtures("as_on_aws")
def test_it_only_reads(status: CommandLine, called: list[str]) -> None:
    status()
    assert {"GetQueueAttributes", "GetMetricData", "DescribeAlarms", "StartQuery"} <= set(called)
    assert [name for name in called if not name.startswith(READS)] == []


def test_watching_reads_again_until_it_is_interrupted(status: CommandLine, bare_stage: BareStage) -> None:
    command = [sys.executable, "-m", "scripts.status", "--stage", bare_stage.name, "--watch", "--every", "1s", "--json"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        send_all(bare_stage.client("sqs"), bare_stage.target.outputs.queue_url, [{"MessageBody": "photo"}])
        following = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
    assert first["queue"]["waiting"] == 0
    assert following[-1]["queue"]["waiting"] == 1


def test_watching_too_often_is_refused_because_it_costs_money(status: CommandLine) -> None:
    said = status("--watch", "--every", "0s")
    assert said.code == 1
    assert "at least 1s" in said.err


def test_a_stage_that_is_not_deployed_ends_with_1(bare_stage: BareStage, capsys: pytest.CaptureFixture[str]) -> None:
    said = CommandLine(app, "nowhere", capsys)()
    assert said.code == 1
    assert "there is no stack darkroom-nowhere" in said.err
