"""Errors of the function, from the log of the local AWS."""

from pathlib import Path

import pytest

from scripts.cli.errors import OperatorError
from scripts.photo_job import function_errors as module
from scripts.photo_job.function_errors import FunctionWatch, LocalLog

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
    return FunctionWatch(log, lambda: has_outcome, said.append)


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.0)


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
