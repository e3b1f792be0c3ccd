"""Message move tasks on an SQS in memory: neither moto nor the local AWS has them."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from processing.failures import FailureCode
from scripts.aws.dlq_reader import read_dlq
from scripts.aws.move_tasks import MoveTask, MoveTasks, can_use_rate
from scripts.aws.sqs_queue import SqsQueue
from scripts.bench.sqs_model import ModelQueue
from scripts.cli.command_line import EXIT_INTERRUPTED, EXIT_OK, EXIT_SOME_FAILED, run
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.dlq import redrive_command
from scripts.dlq.__main__ import app
from scripts.dlq.redrive_command import is_whole_queue, redrive
from scripts.dlq.selection import Selection
from tests.support.distant_sqs import (
    DLQ,
    QUEUE,
    DistantSqs,
    distant_sqs,
    distant_stage,
    put_dead_letters,
    redrive_request,
)

DLQ_ARN, QUEUE_ARN = f"arn:{DLQ}", f"arn:{QUEUE}"
LETTERS = 600


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> DistantSqs:
    """Make an SQS with dead letters, and a move task that has ended."""
    sqs = distant_sqs(monkeypatch)
    sqs.has_move_tasks = True
    sqs.queues["https://sqs/elsewhere"] = ModelQueue()
    sqs.start_message_move_task(SourceArn=DLQ_ARN, DestinationArn="arn:https://sqs/elsewhere")
    sqs.list_message_move_tasks(SourceArn=DLQ_ARN, MaxResults=1)
    put_dead_letters(sqs, FailureCode.THROTTLED, LETTERS)
    return sqs


@pytest.fixture
def tasks(sqs: DistantSqs) -> MoveTasks:
    return MoveTasks(sqs, DLQ_ARN)  # type: ignore[arg-type]


def execute(sqs: DistantSqs, folder: Path, **changes: Any) -> int:
    screen = Screen(as_json=bool(changes.pop("as_json", False)))
    return redrive(distant_stage(sqs), redrive_request(folder / "j", **changes), screen, execute=True)


def test_a_rate_is_passed_on(sqs: DistantSqs, tasks: MoveTasks) -> None:
    tasks.start(QUEUE_ARN, 25.0)
    tasks.start(QUEUE_ARN, None)
    assert [(task.destination, task.per_second) for task in sqs.tasks[1:]] == [(QUEUE_ARN, 25), (QUEUE_ARN, 500)]


@pytest.mark.parametrize(
    ("per_second", "can"), [(None, True), (1, True), (500, True), (501, False), (0.5, False), (2.5, False)]
)
def test_a_task_knows_whole_rates_up_to_500_a_second(per_second: float | None, can: bool) -> None:
    assert can_use_rate(per_second) is can


@pytest.mark.parametrize(
    ("code", "is_known"),
    [
        ("InvalidAction", True),
        ("UnsupportedOperation", True),
        ("AWS.SimpleQueueService.UnsupportedOperation", True),
        ("AccessDenied", True),
        ("InternalError", False),
    ],
)
def test_only_a_service_without_move_tasks_for_us_is_taken_for_that(code: str, is_known: bool) -> None:
    client = boto3.Session("test", "test", region_name="eu-west-1").client("sqs")
    with Stubber(client) as stubber:
        stubber.add_client_error("list_message_move_tasks", code)
        if is_known:
            assert not MoveTasks(client, DLQ_ARN).is_available()
        else:
            with pytest.raises(client.exceptions.ClientError, match=code):
                MoveTasks(client, DLQ_ARN).is_available()


def test_a_task_is_followed_to_its_end(tasks: MoveTasks) -> None:
    progress: list[tuple[int, str]] = []
    task = tasks.follow(tasks.start(QUEUE_ARN, 200), lambda moved, note: progress.append((moved, note)))
    assert progress[0][1] == "of about 600"
    assert [moved for moved, _ in progress] == sorted(moved for moved, _ in progress)
    assert (task and task.status, task and task.moved) == ("COMPLETED", LETTERS)


def test_the_task_that_was_started_is_followed_and_not_a_later_one(sqs: DistantSqs, tasks: MoveTasks) -> None:
    started = tasks.start(QUEUE_ARN, 500)
    sqs.sleep(10)
    tasks.recent()  # the first one has ended before it was looked at
    later = put_dead_letters(sqs, FailureCode.CORRUPT_IMAGE, 20)
    tasks.start(QUEUE_ARN, 1)
    task = tasks.follow(started, lambda *_: None)
    assert isinstance(task, MoveTask)
    assert (task.status, task.moved, len(later)) == ("COMPLETED", LETTERS, 20)


def test_a_dry_run_of_a_whole_queue_announces_the_task_and_starts_none(
    sqs: DistantSqs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert redrive(distant_stage(sqs), redrive_request(tmp_path / "j"), Screen(), execute=False) == EXIT_OK
    assert "SQS moves it itself (a message move task)" in capsys.readouterr().out
    assert len(sqs.tasks) == 1


def test_a_whole_queue_is_moved_by_sqs(sqs: DistantSqs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(sqs, tmp_path) == EXIT_OK
    assert "SQS's message move task is COMPLETED: about 600 of 600 moved." in capsys.readouterr().out
    assert (len(sqs.queues[DLQ].letters), len(sqs.queues[QUEUE].letters)) == (0, LETTERS)


def test_a_task_that_moved_far_fewer_than_were_there_is_no_success(
    sqs: DistantSqs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sqs.move_limit = 33
    assert execute(sqs, tmp_path) == EXIT_SOME_FAILED
    out = capsys.readouterr().out
    assert "COMPLETED: about 33 of 600 moved." in out
    assert "600 dead letters were read before: some are still in the DLQ." in out


def test_a_task_that_fails_is_reported_with_its_reason(
    sqs: DistantSqs, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = MoveTask(status="FAILED", moved=0, to_move=600, failure="CouldNotDetermineMessageSource")
    monkeypatch.setattr(MoveTasks, "follow", lambda *_: failed)
    assert execute(sqs, tmp_path) == EXIT_SOME_FAILED
    assert "It failed: CouldNotDetermineMessageSource" in capsys.readouterr().out


def test_ctrl_c_cancels_the_task_and_the_json_says_so(
    sqs: DistantSqs, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        sqs.sleep(0.2)
        raise KeyboardInterrupt

    monkeypatch.setattr(MoveTasks, "follow", interrupt)
    assert execute(sqs, tmp_path, as_json=True) == EXIT_INTERRUPTED
    document = json.loads(capsys.readouterr().out)
    assert document["cancelled"] is True
    assert 0 < document["moved"] < LETTERS
    assert sqs.tasks[-1].status == "CANCELLED"


def test_nothing_is_begun_beside_a_task_that_runs(sqs: DistantSqs, tasks: MoveTasks, tmp_path: Path) -> None:
    tasks.start(QUEUE_ARN, 1)
    with pytest.raises(OperatorError, match="SQS is moving this queue's messages"):
        execute(sqs, tmp_path)


def test_every_command_that_reads_the_dlq_says_that_a_task_moves_its_messages(
    sqs: DistantSqs, tasks: MoveTasks, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks.start(QUEUE_ARN, 1)
    with read_dlq(SqsQueue(sqs, DLQ), Screen()) as reader:  # type: ignore[arg-type]
        list(reader.dead_letters())
    assert "SQS is moving this queue's messages (a message move task" in capsys.readouterr().err
    assert not reader.saw_all
    assert "dead letters that it moved meanwhile were not seen" in reader.shortfall


def test_the_cancel_command_says_what_it_did(
    sqs: DistantSqs, tasks: MoveTasks, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redrive_command, "find_stage", lambda _: distant_stage(sqs))
    assert run(app, "npm run dlq --", ["redrive", "--cancel", "--stage", "prod"]) == EXIT_OK
    assert capsys.readouterr().out == "No message move task is running.\n"
    tasks.start(QUEUE_ARN, 1)
    sqs.sleep(12)
    assert run(app, "npm run dlq --", ["redrive", "--cancel", "--json", "--stage", "prod"]) == EXIT_OK
    assert json.loads(capsys.readouterr().out) == {"cancelled": True, "moved": 12}


@pytest.mark.parametrize(
    "changes",
    [
        {"most": 5},
        {"canary": 1},
        {"verify": True},
        {"per_second": 0.5},
        {"selection": Selection(key_glob="*")},
        {"selection": Selection(codes=frozenset({"throttled"}))},
    ],
)
def test_whatever_a_task_cannot_do_is_done_letter_by_letter(changes: dict[str, Any]) -> None:
    assert is_whole_queue(redrive_request(Path("j")))
    assert not is_whole_queue(redrive_request(Path("j"), **changes))
