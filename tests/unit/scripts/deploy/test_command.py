import sys
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from scripts.cli.errors import OperatorError
from scripts.deploy import __main__ as command_line
from scripts.deploy.__main__ import app


@pytest.mark.parametrize("command", ["deploy", "remove"])
def test_a_command_that_changes_a_stage_needs_its_name(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.deploy.__main__._environment", lambda *_: pytest.fail("it acted"))
    done = CliRunner().invoke(app, [command])
    assert done.exit_code == 2
    assert "--stage" in done.output


@pytest.fixture
def does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail when a command goes on to the Serverless CLI or to AWS."""
    for name in ("checked_config", "run_serverless", "ExistingStack"):
        monkeypatch.setattr(command_line, name, lambda *_, **__: pytest.fail("it acted"))


@pytest.mark.parametrize("command", ["deploy", "package"])
def test_a_stage_that_cannot_have_its_name_is_refused_in_one_line(command: str, does_nothing: None) -> None:
    done = CliRunner().invoke(app, [command, "--stage", "Dev_2", "--region", "eu-central-1"])
    assert isinstance(done.exception, OperatorError)
    (line,) = done.exception.lines
    assert "the stage 'Dev_2' becomes part of bucket names" in line


@pytest.mark.parametrize("command", ["deploy", "remove"])
def test_a_profile_that_does_not_exist_is_named_although_the_region_is_given(command: str, does_nothing: None) -> None:
    options = ["--stage", "prod", "--region", "eu-central-1", "--aws-profile", "nobody"]
    done = CliRunner().invoke(app, [command, *options])
    assert isinstance(done.exception, OperatorError)
    assert "nobody" in str(done.exception)


@pytest.mark.parametrize(("limit", "is_refused"), [(10, True), (1000, False)])
def test_the_concurrency_is_compared_with_the_accounts_limit(limit: int, is_refused: bool) -> None:
    process = {"events": [{"sqs": {"maximumConcurrency": 20}}]}
    config = {"functions": {"process": process}}
    existing = SimpleNamespace(concurrency_limit=lambda: limit)
    with pytest.raises(OperatorError, match="at most 10") if is_refused else nullcontext():
        command_line._check_concurrency(existing, config)  # type: ignore[arg-type]


def test_a_limit_that_may_not_be_read_is_said_to_be_unchecked(capsys: pytest.CaptureFixture[str]) -> None:
    process = {"events": [{"sqs": {"maximumConcurrency": 20}}]}
    existing = SimpleNamespace(concurrency_limit=lambda: None)
    command_line._check_concurrency(existing, {"functions": {"process": process}})  # type: ignore[arg-type]
    assert "lambda:GetAccountSettings" in capsys.readouterr().err


REMOVE = ["remove", "--stage", "prod", "--yes-remove", "prod", "--region", "eu-central-1"]


@pytest.fixture
def done_in_order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Deploy a stage on somebody's bucket; return what a removal does, in order."""
    calls: list[str] = []
    stage = SimpleNamespace(
        require=lambda: SimpleNamespace(input_bucket="somebodys", output_bucket="outputs"),
        waiting_messages=lambda _: {},
        parameters=lambda: {"createInputBucket": "false"},
        allow_deletion=lambda: calls.append("protection off"),
    )
    monkeypatch.setattr(command_line, "ExistingStack", lambda *_: stage)
    monkeypatch.setattr(command_line, "run_serverless", lambda *_: calls.append("stack removed"))
    monkeypatch.setattr(command_line, "disconnect", lambda *_: calls.append("bucket disconnected"))
    return calls


def test_a_removal_turns_the_protection_off_first_and_disconnects_the_bucket_last(done_in_order: list[str]) -> None:
    assert CliRunner().invoke(app, REMOVE).exit_code == 0
    assert done_in_order == ["protection off", "stack removed", "bucket disconnected"]


def test_a_removal_that_fails_leaves_the_notification_of_somebodys_bucket(
    done_in_order: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperatorError("AccessDenied")

    monkeypatch.setattr(command_line, "run_serverless", fail)
    assert str(CliRunner().invoke(app, REMOVE).exception) == "AccessDenied"
    assert done_in_order == ["protection off"]


def test_options_that_npm_kept_are_named_with_the_command_to_type(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], does_nothing: None
) -> None:
    monkeypatch.setattr(sys, "argv", ["deploy", "prod"])
    for name, value in {"npm_lifecycle_event": "deploy", "npm_config_stage": "prod"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        command_line.run_as("deploy")
    assert ended.value.code == 1
    assert "Options come after two dashes: npm run deploy -- ... --stage ..." in capsys.readouterr().err


def test_what_aws_refuses_is_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "GetBucketNotification")

    monkeypatch.setattr(command_line, "checked_config", refuse)
    monkeypatch.setattr(sys, "argv", ["deploy", "--stage", "prod", "--region", "eu-central-1"])
    with pytest.raises(SystemExit) as ended:
        command_line.run_as("deploy")
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Could not go on: AWS refused GetBucketNotification")
