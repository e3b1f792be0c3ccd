"""Errors of the function, from the log of the local AWS."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.cli.errors import OperatorError
from scripts.photo_job.function_errors import FunctionWatch, LocalLog, StageLog, stage_errors

FAILED = (
    "2026-11-25 18:57:12 WARNING [lambda] ESM: Lambda darkroom-local-{function} failed processing SQS batch from "
    "darkroom-local-photos (errorType=RuntimeError errorMessage={error})\n{output}\n"
)
OTHER = "2026-11-25 18:57:12 INFO [lambda] ESM: Lambda darkroom-local-process processed 7 SQS messages from photos\n"


@pytest.fixture
def log(tmp_path: Path) -> LocalLog:
    (tmp_path / "log").write_text(OTHER)
    return LocalLog(tmp_path / "log", "darkroom-local-process")


def write(log: LocalLog, error: str, function: str = "process", output: str = "") -> None:
    with log.path.open("a") as file:
        file.write(OTHER + FAILED.format(function=function, error=error, output=output) + OTHER)


def watch(log: LocalLog, said: list[str], *, has_outcome: bool = True) -> FunctionWatch:
    return FunctionWatch(log, lambda: has_outcome, said.append, every_seconds=0)


def test_each_error_is_returned_once_in_its_own_words(log: LocalLog) -> None:
    write(log, "Worker process died", output="Traceback (most recent call last)\nlater)")
    write(log, "the roll-up's", function="roll-up")
    write(log, "Task timed out after 60.00 seconds")
    assert log.new_errors() == ["Worker process died", "Task timed out after 60.00 seconds"]
    assert log.new_errors() == []
    write(log, "again")
    assert log.new_errors() == ["again"]


def test_an_error_whose_line_is_not_complete_yet_is_read_later(log: LocalLog) -> None:
    whole = FAILED.format(function="process", error="died (ü)", output="")
    for part in (whole[:150], whole[150:]):
        with log.path.open("a") as file:
            file.write(part)
        found = log.new_errors()
    assert found == ["died (ü)"]


def test_a_function_that_cannot_start_ends_the_job_with_its_own_reason(log: LocalLog) -> None:
    write(log, "Worker init failed: Darkroom is misconfigured:\n- MAX_PIXELS='much': must be a whole number above 0")
    with pytest.raises(OperatorError) as ended:
        watch(log, []).look()
    assert ended.value.lines == (
        "the function cannot start:",
        "Darkroom is misconfigured:",
        "- MAX_PIXELS='much': must be a whole number above 0",
    )


def test_a_function_that_was_killed_is_told_once_and_the_job_goes_on(log: LocalLog) -> None:
    said: list[str] = []
    looking = watch(log, said)
    for _ in range(4):
        write(log, "Worker process died")
        looking.look()
    assert said == ["The function failed, and its photos are tried again later: Worker process died"]


def test_a_function_that_never_worked_ends_the_job_at_its_third_failure(log: LocalLog) -> None:
    looking = watch(log, [], has_outcome=False)
    for _ in range(2):
        write(log, "Worker process died")
        looking.look()
    write(log, "Worker process died")
    with pytest.raises(OperatorError, match="failed each time:\nWorker process died"):
        looking.look()


class FakeLogs:
    """A log group whose matching events the tests set; it notes the requests."""

    def __init__(self, *messages: str) -> None:
        self.events: list[dict[str, Any]] = [
            {"eventId": str(number), "message": message} for number, message in enumerate(messages)
        ]
        self.requests: list[dict[str, Any]] = []

    def filter_log_events(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        if not self.events:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "FilterLogEvents")
        return {"events": self.events}


def stage_log(logs: Any) -> StageLog:
    return StageLog(logs, "darkroom-prod-process")


# As the Python runtime (awslambdaric) and Lambda write them with logFormat JSON.
AT_INIT = json.dumps(
    {"timestamp": "t", "level": "ERROR", "errorMessage": "RENDITIONS is missing", "errorType": "SettingsError"}
)
KILLED = json.dumps(
    {"time": "t", "type": "platform.report", "record": {"status": "error", "errorType": "Runtime.ExitError"}}
)
TIMEOUT = json.dumps({"time": "t", "type": "platform.report", "record": {"requestId": "r", "status": "timeout"}})


def test_errors_of_a_stages_function_are_read_once_from_its_log_group() -> None:
    done = json.dumps({"time": "t", "type": "platform.report", "record": {"status": "success"}})
    ours = json.dumps({"level": "ERROR", "message": "Digest not sent"})
    logs = FakeLogs(AT_INIT, KILLED, TIMEOUT, done, ours, "START RequestId: no JSON", "[]")
    log = stage_log(logs)
    assert log.new_errors() == [
        "SettingsError: RENDITIONS is missing",
        "Runtime.ExitError: error",
        "timeout",
    ]
    assert log.new_errors() == []
    assert logs.requests[0]["logGroupName"] == "/aws/lambda/darkroom-prod-process"


def test_a_local_aws_whose_events_have_no_id_is_read_once_too() -> None:
    logs = FakeLogs(AT_INIT)
    logs.events = [{"logStreamName": "s", "timestamp": 7, "message": AT_INIT}]
    log = stage_log(logs)
    assert (log.new_errors(), log.new_errors()) == (["SettingsError: RENDITIONS is missing"], [])


def test_a_log_group_that_may_not_be_read_ends_no_job() -> None:
    assert stage_log(FakeLogs()).new_errors() == []


def test_on_a_stage_an_error_at_init_is_told_and_the_job_goes_on() -> None:
    said: list[str] = []
    looking = FunctionWatch(stage_log(FakeLogs(AT_INIT)), lambda: False, said.append, ends_job=False, every_seconds=0)
    for _ in range(4):
        looking.look()
    assert said == ["The function failed, and its photos are tried again later: SettingsError: RENDITIONS is missing"]


def stage_at(endpoint_url: str) -> Any:
    logs = SimpleNamespace(meta=SimpleNamespace(endpoint_url=endpoint_url))
    return SimpleNamespace(logs=logs, outputs=SimpleNamespace(process_function="darkroom-local-process"))


def test_errors_of_a_running_local_stack_are_read_from_its_own_log(
    log: LocalLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = SimpleNamespace(endpoint_url="http://127.0.0.1:54777", log=log.path)
    monkeypatch.setattr("scripts.photo_job.function_errors.find_running_stack", lambda: running)
    write(log, "of a job before")
    errors = stage_errors(stage_at(running.endpoint_url))
    write(log, "Worker init failed")
    assert errors.new_errors() == ["Worker init failed"]


@pytest.mark.parametrize("running", [None, SimpleNamespace(endpoint_url="http://127.0.0.1:54777")])
def test_errors_of_a_stage_on_aws_are_read_from_its_log_group(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.photo_job.function_errors.find_running_stack", lambda: running)
    assert isinstance(stage_errors(stage_at("https://logs.eu-central-1.amazonaws.com")), StageLog)
