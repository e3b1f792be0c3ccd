"""Message move tasks, with botocore's Stubber: neither moto nor the local AWS has them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from scripts.aws.stack_outputs import StackOutputs
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_INTERRUPTED, EXIT_OK, EXIT_SOME_FAILED, run
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.dlq import redrive_command
from scripts.dlq.__main__ import app
from scripts.dlq.move_task import MoveTask, MoveTasks, can_use_rate
from scripts.dlq.redrive_command import is_whole_queue
from scripts.dlq.redrive_plan import RedriveRequest
from scripts.dlq.selection import Selection
from tests.support.dead_letters import dead_letter

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/darkroom-prod-photos"
DLQ = "https://sqs.eu-west-1.amazonaws.com/123456789012/darkroom-prod-dead-letters"
QUEUE_ARN = "arn:aws:sqs:eu-west-1:123456789012:darkroom-prod-photos"
DLQ_ARN = "arn:aws:sqs:eu-west-1:123456789012:darkroom-prod-dead-letters"
RUNNING = {"TaskHandle": "h1", "Status": "RUNNING", "SourceArn": DLQ_ARN, "DestinationArn": QUEUE_ARN}
LOOK = {"SourceArn": DLQ_ARN, "MaxResults": 1}


@pytest.fixture
def stage() -> Stage:
    session = boto3.Session("test", "test", region_name="eu-west-1")
    names = dict.fromkeys(StackOutputs.__annotations__, "unused")
    outputs = StackOutputs(**names | {"queue_url": QUEUE, "dead_letter_queue_url": DLQ})
    return Stage(name="prod", outputs=outputs, session=session)


@pytest.fixture
def sqs(stage: Stage) -> Iterator[Stubber]:
    with Stubber(stage.sqs) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def tasks(stage: Stage) -> MoveTasks:
    return MoveTasks(stage.sqs, DLQ_ARN, sleep=lambda _: None)


def answer(**task: Any) -> dict[str, Any]:
    return {"Results": [task]} if task else {"Results": []}


def test_the_destination_is_always_named(sqs: Stubber, tasks: MoveTasks) -> None:
    sqs.add_response(
        "start_message_move_task", {"TaskHandle": "h1"}, {"SourceArn": DLQ_ARN, "DestinationArn": QUEUE_ARN}
    )
    tasks.start(QUEUE_ARN, None)


def test_a_rate_is_passed_on(sqs: Stubber, tasks: MoveTasks) -> None:
    expected = {"SourceArn": DLQ_ARN, "DestinationArn": QUEUE_ARN, "MaxNumberOfMessagesPerSecond": 25}
    sqs.add_response("start_message_move_task", {"TaskHandle": "h1"}, expected)
    tasks.start(QUEUE_ARN, 25.0)


@pytest.mark.parametrize(
    ("per_second", "can"), [(None, True), (1, True), (500, True), (501, False), (0.5, False), (2.5, False)]
)
def test_a_task_knows_whole_rates_up_to_500_a_second(per_second: float | None, can: bool) -> None:
    assert can_use_rate(per_second) is can


@pytest.mark.parametrize(
    "code",
    ["InvalidAction", "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", "AccessDenied"],
)
def test_a_service_without_move_tasks_for_us_is_recognised(sqs: Stubber, tasks: MoveTasks, code: str) -> None:
    sqs.add_client_error("list_message_move_tasks", code)
    assert not tasks.is_available()


def test_a_refusal_for_another_reason_is_not_taken_for_that(sqs: Stubber, tasks: MoveTasks) -> None:
    sqs.add_client_error("list_message_move_tasks", "InternalError")
    with pytest.raises(tasks.sqs.exceptions.ClientError, match="InternalError"):
        tasks.is_available()


def test_a_task_is_followed_to_its_end(sqs: Stubber, tasks: MoveTasks) -> None:
    counts = {"ApproximateNumberOfMessagesToMove": 37}
    sqs.add_response("list_message_move_tasks", answer(**RUNNING, ApproximateNumberOfMessagesMoved=10, **counts), LOOK)
    cancelling = {**RUNNING, "Status": "CANCELLING"}
    sqs.add_response(
        "list_message_move_tasks", answer(**cancelling, ApproximateNumberOfMessagesMoved=20, **counts), LOOK
    )
    sqs.add_response(
        "list_message_move_tasks",
        answer(Status="COMPLETED", ApproximateNumberOfMessagesMoved=37, **counts),
        LOOK,
    )
    progress: list[tuple[int, str]] = []
    task = tasks.follow(lambda moved, note: progress.append((moved, note)))
    assert progress == [(10, "of about 37"), (20, "of about 37")]
    assert task == MoveTask(status="COMPLETED", moved=37, to_move=37, failure="")


def test_a_running_task_is_cancelled_by_its_handle(sqs: Stubber, tasks: MoveTasks) -> None:
    sqs.add_response("list_message_move_tasks", answer(**RUNNING), LOOK)
    sqs.add_response("cancel_message_move_task", {"ApproximateNumberOfMessagesMoved": 12}, {"TaskHandle": "h1"})
    assert tasks.cancel() == 12


@pytest.mark.parametrize("last", [{}, {"Status": "COMPLETED"}, {"Status": "CANCELLING"}])
def test_there_is_nothing_to_cancel_when_no_task_runs(sqs: Stubber, tasks: MoveTasks, last: dict[str, str]) -> None:
    sqs.add_response("list_message_move_tasks", answer(**last), LOOK)
    assert tasks.cancel() is None


def request(journal: Path, **changes: Any) -> RedriveRequest:
    fields: dict[str, Any] = {
        "selection": Selection(),
        "most": None,
        "per_second": None,
        "to": QUEUE,
        "canary": 0,
        "verify": False,
        "journal": journal,
    }
    return RedriveRequest(**fields | changes)


def expect_reading(sqs: Stubber, *, execute: bool) -> None:
    """Expect the calls that read a DLQ with one dead letter."""
    depth = {f"ApproximateNumberOfMessages{kind}": number for kind, number in (("", "1"), ("NotVisible", "0"))}
    depths = {"Attributes": depth | {"ApproximateNumberOfMessagesDelayed": "0"}}
    arn = {"Attributes": {"QueueArn": DLQ_ARN}}
    sent = dead_letter("a.jpg")
    letter = {
        "MessageId": "d1",
        "ReceiptHandle": "r1",
        "Body": sent["MessageBody"],
        "Attributes": {"SentTimestamp": "1"},
    }
    sqs.add_response("get_queue_attributes", arn, {"QueueUrl": DLQ, "AttributeNames": ["QueueArn"]})
    sqs.add_response("list_message_move_tasks", answer(Status="COMPLETED"), LOOK)
    sqs.add_response("list_message_move_tasks", answer(Status="COMPLETED"), LOOK)
    for _ in range(1 + execute):
        sqs.add_response("get_queue_attributes", depths, {"QueueUrl": DLQ, "AttributeNames": ANY})
    sqs.add_response("receive_message", {"Messages": [letter]})
    sqs.add_response("receive_message", {})
    shown = [{"Id": "0", "ReceiptHandle": "r1", "VisibilityTimeout": 0}]
    sqs.add_response(
        "change_message_visibility_batch",
        {"Successful": [{"Id": "0"}], "Failed": []},
        {"QueueUrl": DLQ, "Entries": shown},
    )


def expect_start(sqs: Stubber) -> None:
    sqs.add_response("get_queue_attributes", {"Attributes": {"QueueArn": QUEUE_ARN}})
    sqs.add_response(
        "start_message_move_task", {"TaskHandle": "h1"}, {"SourceArn": DLQ_ARN, "DestinationArn": QUEUE_ARN}
    )


def test_a_dry_run_of_a_whole_queue_announces_the_task_and_starts_none(
    stage: Stage, sqs: Stubber, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expect_reading(sqs, execute=False)
    assert redrive_command.redrive(stage, request(tmp_path / "j"), Screen(), execute=False) == EXIT_OK
    assert "SQS moves it itself (a message move task)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("end", "code", "words"),
    [
        ({"Status": "COMPLETED"}, EXIT_OK, "SQS's message move task is COMPLETED: about 1 of 1 moved."),
        ({"Status": "FAILED", "FailureReason": "CouldNotDetermineMessageSource"}, EXIT_SOME_FAILED, "It failed: Could"),
    ],
)
def test_a_whole_queue_is_moved_by_sqs_and_the_end_is_reported(
    stage: Stage,
    sqs: Stubber,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    end: dict[str, str],
    code: int,
    words: str,
) -> None:
    expect_reading(sqs, execute=True)
    expect_start(sqs)
    counts = {"ApproximateNumberOfMessagesMoved": 1, "ApproximateNumberOfMessagesToMove": 1}
    sqs.add_response("list_message_move_tasks", answer(**end, **counts), LOOK)
    assert redrive_command.redrive(stage, request(tmp_path / "j"), Screen(), execute=True) == code
    assert words in capsys.readouterr().out


def test_ctrl_c_cancels_the_task_and_the_json_says_so(
    stage: Stage,
    sqs: Stubber,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    expect_reading(sqs, execute=True)
    expect_start(sqs)
    monkeypatch.setattr(MoveTasks, "follow", interrupt)
    for _ in range(2):
        sqs.add_response("list_message_move_tasks", answer(**RUNNING), LOOK)
    sqs.add_response("cancel_message_move_task", {"ApproximateNumberOfMessagesMoved": 1}, {"TaskHandle": "h1"})
    assert (
        redrive_command.redrive(stage, request(tmp_path / "j"), Screen(as_json=True), execute=True) == EXIT_INTERRUPTED
    )
    assert json.loads(capsys.readouterr().out) == {"cancelled": True, "moved": 1}


def test_nothing_is_begun_beside_a_task_that_runs(stage: Stage, sqs: Stubber, tmp_path: Path) -> None:
    sqs.add_response("get_queue_attributes", {"Attributes": {"QueueArn": DLQ_ARN}})
    for _ in range(2):
        sqs.add_response("list_message_move_tasks", answer(**RUNNING, ApproximateNumberOfMessagesMoved=7), LOOK)
    with pytest.raises(OperatorError, match="already moving this queue's messages"):
        redrive_command.redrive(stage, request(tmp_path / "j"), Screen(), execute=True)


def test_the_cancel_command_says_what_it_did(
    stage: Stage, sqs: Stubber, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redrive_command, "find_stage", lambda _: stage)
    sqs.add_response("get_queue_attributes", {"Attributes": {"QueueArn": DLQ_ARN}})
    for _ in range(2):
        sqs.add_response("list_message_move_tasks", answer(**RUNNING), LOOK)
    sqs.add_response("cancel_message_move_task", {"ApproximateNumberOfMessagesMoved": 12}, {"TaskHandle": "h1"})
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
    assert is_whole_queue(request(Path("j")))
    assert not is_whole_queue(request(Path("j"), **changes))
