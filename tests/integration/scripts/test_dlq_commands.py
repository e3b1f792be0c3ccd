"""`npm run dlq` on a local AWS, command by command."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from processing.failures import FailureCode
from processing.messages import parse_message
from scripts import journal
from scripts.dlq.__main__ import app
from scripts.queues import Depth, Queue
from tests.dead_letters import dead_letter
from tests.events import s3_body
from tests.integration.scripts.bare_stage import BareStage, drain, fill_dlq
from tests.integration.scripts.command_line import CommandLine
from tests.integration.scripts.conftest import REPOSITORY
from tests.integration.scripts.fake_function import fake_function, store_outputs

DENIED = [dead_letter(f"2026/{i}.jpg", code=FailureCode.ACCESS_DENIED) for i in range(12)]
CORRUPT = [dead_letter(f"old/{i}.png", code=FailureCode.CORRUPT_IMAGE) for i in range(3)]


@pytest.fixture
def dlq(bare_stage: BareStage, impatient: None, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(app, bare_stage.name, capsys)


def denied_sources(stage: BareStage) -> list[dict[str, Any]]:
    """Dead letters of photos that are really there."""
    s3, bucket, letters = stage.client("s3"), stage.target.outputs.input_bucket, []
    for number in range(12):
        etag = s3.put_object(Bucket=bucket, Key=f"2026/{number}.jpg", Body=b"photo")["ETag"].strip('"')
        letters.append(dead_letter(f"2026/{number}.jpg", bucket=bucket, etag=etag))
    return letters


def depth(stage: BareStage) -> Depth:
    return Queue(stage.client("sqs"), stage.target.outputs.dead_letter_queue_url).depth()


def in_dlq(stage: BareStage) -> list[dict[str, Any]]:
    return drain(stage.client("sqs"), stage.target.outputs.dead_letter_queue_url)


def in_queue(stage: BareStage) -> list[dict[str, Any]]:
    return drain(stage.client("sqs"), stage.target.outputs.queue_url)


def bodies(messages: Sequence[dict[str, Any]]) -> list[str]:
    return sorted(message.get("Body", "") or message["MessageBody"] for message in messages)


def with_names(text: str, stage: BareStage, ids: Sequence[str]) -> list[str]:
    """The lines with the test's own names and ids replaced by what every run has, and columns closed up."""
    for number, letter_id in enumerate(ids):
        text = text.replace(letter_id, f"id-{number}")
    return [" ".join(line.split()) for line in text.replace(stage.name, "STAGE").splitlines()]


def test_list_reads_all_and_not_the_first_ten_and_leaves_everything_as_it_was(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    letters = [dead_letter(f"{i}.jpg", code=FailureCode.THROTTLED) for i in range(250)]
    fill_dlq(bare_stage, letters)
    said = dlq("list")
    assert said.code == 0
    assert said.lines[0] == f"250 dead letters in {bare_stage.name}-dead-letters"
    assert "Looking at dead letters counts as receiving them and hides them for a moment" in said.err
    assert depth(bare_stage) == Depth(visible=250, in_flight=0, delayed=0)
    assert bodies(in_dlq(bare_stage)) == bodies(letters)


def test_list_as_json_gives_nothing_but_json_on_stdout(dlq: CommandLine, bare_stage: BareStage) -> None:
    ids = fill_dlq(bare_stage, DENIED + CORRUPT)
    said = dlq("list", "--json", "--code", "corrupt-image")
    document = json.loads(said.out)
    assert document["count"] == 3
    assert sorted(letter["id"] for letter in document["letters"]) == sorted(ids[12:])


def test_ctrl_c_in_the_middle_of_a_list_shows_everything_again_at_once(bare_stage: BareStage) -> None:
    fill_dlq(bare_stage, [dead_letter(f"{i}.jpg") for i in range(1000)])
    command = [sys.executable, "-m", "scripts.dlq", "list", "--stage", bare_stage.name]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while depth(bare_stage).in_flight < 100:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)  # npm forwards it once more
        assert process.wait() == 130
    assert depth(bare_stage) == Depth(visible=1000, in_flight=0, delayed=0)


def test_show_finds_a_letter_by_its_own_id_and_by_the_id_that_the_logs_know(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    ids = fill_dlq(bare_stage, [*CORRUPT, dead_letter("a.jpg", message_id="the-log-says-this")])
    for wanted in (ids[3], "the-log-says-this"):
        said = dlq("show", wanted)
        assert said.lines[0] == f"Dead letter {ids[3]}"
        assert sum(line.startswith("Dead letter") for line in said.lines) == 1
    assert depth(bare_stage).in_flight == 0


def test_show_says_whether_the_source_is_still_the_one_that_failed(dlq: CommandLine, bare_stage: BareStage) -> None:
    s3, bucket = bare_stage.client("s3"), bare_stage.target.outputs.input_bucket
    etags = {key: s3.put_object(Bucket=bucket, Key=key, Body=b"one")["ETag"].strip('"') for key in "abc"}
    s3.put_object(Bucket=bucket, Key="b", Body=b"two")
    s3.delete_object(Bucket=bucket, Key="c")
    store_outputs(s3, bare_stage.target.outputs.output_bucket, "a", etags["a"])
    fill_dlq(bare_stage, [dead_letter(key, bucket=bucket, etag=etag) for key, etag in etags.items()])
    said = dlq("show", "--key", "*", "--json")
    today = {found["key"]: found for letter in json.loads(said.out) for found in letter["today"]}
    assert today == {
        "a": {"key": "a", "source": "same", "outputs_complete": True},
        "b": {"key": "b", "source": "overwritten", "outputs_complete": False},
        "c": {"key": "c", "source": "gone", "outputs_complete": False},
    }


def test_show_says_when_there_is_no_such_letter(dlq: CommandLine) -> None:
    said = dlq("show", "no-such-id")
    assert (said.code, said.out) == (1, "")
    assert "no such dead letter" in said.err


def test_a_dry_run_of_a_redrive_says_line_by_line_what_would_be_done_and_does_nothing(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    ids = fill_dlq(bare_stage, [DENIED[0], CORRUPT[0]])
    said = dlq("redrive", "--code", "access-denied", "--rate", "10/s", "--canary", "3", "--verify")
    assert said.code == 0
    shown = re.sub(r"denied  \d+ s", "denied  0 s", said.out)  # a busy machine takes its time
    assert with_names(shown, bare_stage, ids) == [
        "Dry run: nothing was sent or deleted. Add --execute to act.",
        "To redrive: 1 of 2 dead letters (code access-denied), from STAGE-dead-letters to STAGE-photos, "
        "10 a second at most: about 0 s.",
        "",
        "action id code age key",
        "send, then delete id-0 access-denied 0 s 2026/0.jpg",
        "",
        "1 stay: 1 of another code.",
        "A canary of 1 goes first; the rest only if all of it goes well.",
        "Then every outcome is waited for, 30 min at most.",
    ]
    assert depth(bare_stage) == Depth(visible=2, in_flight=0, delayed=0)
    assert in_queue(bare_stage) == []
    assert not journal.JOURNALS.exists()


def test_a_redrive_moves_exactly_what_is_meant_with_all_attributes(dlq: CommandLine, bare_stage: BareStage) -> None:
    fill_dlq(bare_stage, DENIED + CORRUPT)
    said = dlq("redrive", "--code", "access-denied", "--execute")
    assert (said.code, said.lines) == (0, [f"Redrove 12 dead letters to {bare_stage.name}-photos."])
    moved = in_queue(bare_stage)
    assert bodies(moved) == bodies(DENIED)
    assert [message["MessageAttributes"] for message in sorted(moved, key=lambda m: str(m["Body"]))] == [
        letter["MessageAttributes"] for letter in sorted(DENIED, key=lambda m: str(m["MessageBody"]))
    ]
    assert bodies(in_dlq(bare_stage)) == bodies(CORRUPT)


def test_a_whole_queue_is_moved_letter_by_letter_where_the_service_has_no_move_task(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    fill_dlq(bare_stage, DENIED)
    assert "message move task" not in dlq("redrive").out
    assert dlq("redrive", "--execute").code == 0
    assert bodies(in_queue(bare_stage)) == bodies(DENIED)
    assert in_dlq(bare_stage) == []


def test_a_maximum_moves_the_oldest_and_the_rest_stays_visible(dlq: CommandLine, bare_stage: BareStage) -> None:
    fill_dlq(bare_stage, DENIED[:2])
    time.sleep(0.02)  # SQS's timestamps are in milliseconds
    fill_dlq(bare_stage, DENIED[2:])
    assert dlq("redrive", "--max", "2", "--execute").code == 0
    assert bodies(in_queue(bare_stage)) == bodies(DENIED[:2])
    assert depth(bare_stage) == Depth(visible=10, in_flight=0, delayed=0)


def test_a_redrive_can_go_to_another_queue_by_its_name(dlq: CommandLine, bare_stage: BareStage) -> None:
    sqs = bare_stage.client("sqs")
    url = sqs.create_queue(QueueName=f"{bare_stage.name}-aside")["QueueUrl"]
    fill_dlq(bare_stage, CORRUPT)
    assert dlq("redrive", "--to", f"{bare_stage.name}-aside", "--execute").code == 0
    assert bodies(drain(sqs, url)) == bodies(CORRUPT)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["redrive", "--to", "no-such-queue"], "there is no queue 'no-such-queue'"),
        (["redrive", "--code", "acess-denied"], "is no failure code"),
        (["redrive", "--older-than", "yesterday"], "is no duration"),
        (["redrive", "--rate", "0/s"], "is no rate"),
        (["redrive", "--max", "0"], "greater than or equal to 1"),
        (["redrive", "--to", "https://queue/elsewhere", "--verify"], "need the stage's own queue"),
        (["show"], "give an ID or --key GLOB"),
        (["import", "no-such-file"], "cannot be read"),
        (["purge", "no-such-file"], "cannot be read"),
        (["export", "no-such-folder/friday.jsonl"], "no-such-folder/friday.jsonl cannot be written: No such file"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(dlq: CommandLine, arguments: list[str], why: str) -> None:
    said = dlq(*arguments)
    assert (said.code, said.out) == (1, "")
    assert why in said.err


def test_a_stage_that_is_not_deployed_is_named(dlq: CommandLine) -> None:
    said = CommandLine(dlq.app, "nowhere", dlq.capture)("list")
    assert said.code == 1
    assert "there is no stack darkroom-nowhere" in said.err


def test_a_canary_that_fails_stops_the_redrive_and_says_which_code_came_back(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    fill_dlq(bare_stage, denied_sources(bare_stage))
    failing = {f"2026/{i}.jpg": FailureCode.ACCESS_DENIED for i in range(12)}
    with fake_function(bare_stage, failing) as handled:
        said = dlq("redrive", "--canary", "2", "--execute")
    assert said.code == 3
    assert len(handled) == 2
    assert said.lines[-1] == "Stopped after the canary (came back: access-denied 2). Not touched: 10 dead letters."
    assert len(in_dlq(bare_stage)) == 12


def test_a_canary_that_comes_through_lets_the_rest_go_and_every_outcome_is_proved(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    fill_dlq(bare_stage, denied_sources(bare_stage))
    with fake_function(bare_stage, {}) as handled:
        said = dlq("redrive", "--canary", "2", "--verify", "--execute", "--json")
    assert said.code == 0
    assert len(handled) == 12
    document = json.loads(said.out)
    assert document["moved"] == 12
    assert document["outcomes"] == {"counts": {"processed": 12}, "failures": [], "waiting": []}


def test_a_canary_that_would_prove_nothing_stops_the_redrive_before_it_begins(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    fill_dlq(bare_stage, DENIED)  # their sources are gone
    said = dlq("redrive", "--canary", "2", "--verify", "--execute")
    assert said.code == 3
    assert said.lines[-1].startswith("Stopped: the canary proved nothing,")
    assert said.lines[-1].endswith(" Not touched: 12 dead letters.")
    assert len(in_dlq(bare_stage)) == 12


def test_a_canary_is_a_photo_that_is_there_and_still_to_be_made(dlq: CommandLine, bare_stage: BareStage) -> None:
    real = denied_sources(bare_stage)
    store_outputs(bare_stage.client("s3"), bare_stage.target.outputs.output_bucket, "2026/0.jpg", etag_of(real[0]))
    fill_dlq(bare_stage, [*DENIED, *real[:2]])
    with fake_function(bare_stage, {"2026/1.jpg": FailureCode.ACCESS_DENIED}) as handled:
        said = dlq("redrive", "--canary", "1", "--execute")
    assert (said.code, handled) == (3, ["2026/1.jpg"])


def etag_of(letter: dict[str, Any]) -> str:
    (source,) = parse_message(letter["MessageBody"])
    return source.etag


def test_a_proof_names_what_failed_again(dlq: CommandLine, bare_stage: BareStage) -> None:
    fill_dlq(bare_stage, denied_sources(bare_stage))
    with fake_function(bare_stage, {"2026/7.jpg": FailureCode.TOO_SLOW}):
        said = dlq("redrive", "--verify", "--execute")
    assert said.code == 2
    assert [" ".join(line.split()) for line in said.lines[1:8]] == [
        "",
        "Outcomes:",
        "outcome photos",
        "processed 11",
        "dead-lettered 1",
        "",
        "code photos what to do examples",
    ]
    assert said.lines[8].startswith("too-slow       1  ")
    assert said.lines[8].endswith("  2026/7.jpg")


def test_a_proof_that_ran_out_of_time_goes_on_when_the_command_is_given_again(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    fill_dlq(bare_stage, denied_sources(bare_stage)[:2])
    said = dlq("redrive", "--verify", "--wait", "1s", "--execute")
    assert said.code == 3
    assert "No outcome in time; give the command again to go on waiting:" in said.lines
    with fake_function(bare_stage, {}):
        said = dlq("redrive", "--verify", "--execute")
    assert (said.code, [" ".join(line.split()) for line in said.lines[-1:]]) == (0, ["processed 2"])


def test_what_came_back_and_is_redriven_again_is_counted_once_and_no_longer_waited_for_as_what_it_was(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    fill_dlq(bare_stage, denied_sources(bare_stage))
    with fake_function(bare_stage, {f"2026/{i}.jpg": FailureCode.ACCESS_DENIED for i in range(12)}) as handled:
        dlq("redrive", "--max", "4", "--execute")
        wait_until(lambda: len(handled) == 4)
        assert "of earlier runs" not in dlq("redrive", "--verify").out
        started = time.monotonic()
        said = dlq("redrive", "--verify", "--execute", "--json")
        assert json.loads(said.out)["outcomes"]["counts"] == {"dead-lettered": 12}
        assert json.loads(said.out)["outcomes_of_earlier_runs"]["counts"] == {}
        assert time.monotonic() - started < 30
    with fake_function(bare_stage, {}):
        said = dlq("redrive", "--verify", "--execute")
    assert (said.code, [" ".join(line.split()) for line in said.lines[-1:]]) == (0, ["processed 12"])


def test_the_outcomes_of_earlier_runs_are_told_apart(dlq: CommandLine, bare_stage: BareStage) -> None:
    fill_dlq(bare_stage, denied_sources(bare_stage))
    dlq("redrive", "--max", "4", "--execute")
    with fake_function(bare_stage, {}):
        said = dlq("redrive", "--verify", "--execute")
    assert said.code == 0
    assert [" ".join(line.split()) for line in said.lines[2:]] == [
        "Outcomes of 8:",
        "outcome photos",
        "processed 8",
        "",
        "and of 4 of earlier runs:",
        "outcome photos",
        "processed 4",
    ]


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_an_export_edited_and_imported_comes_out_edited(
    dlq: CommandLine, bare_stage: BareStage, tmp_path: Path
) -> None:
    fill_dlq(bare_stage, CORRUPT)
    file = tmp_path / "friday.jsonl"
    said = dlq("export", str(file))
    assert said.lines == [
        f"Exported 3 dead letters from {bare_stage.name}-dead-letters to {file}; they are still in the DLQ."
    ]
    assert depth(bare_stage) == Depth(visible=3, in_flight=0, delayed=0)
    edited = [json.loads(line) for line in file.read_text().splitlines()]
    edited[0]["body"] = s3_body("mended.png")
    file.write_text("\n".join(map(json.dumps, edited[:2])))

    said = dlq("import", str(file))
    keys = [json.loads(line)["key"] for line in file.read_text().splitlines()]
    assert with_names(said.out, bare_stage, []) == [
        "Dry run: nothing was sent or deleted. Add --execute to act.",
        "To send: 2 messages of friday.jsonl to STAGE-photos.",
        "",
        "from code key",
        "line 1 corrupt-image mended.png",
        f"line 2 corrupt-image {keys[1]}",
        "",
        "friday.jsonl.journal, beside the file, will remember which lines were sent.",
    ]
    assert in_queue(bare_stage) == []

    assert dlq("import", str(file), "--execute").code == 0
    assert bodies(in_queue(bare_stage)) == sorted([s3_body("mended.png"), edited[1]["body"]])
    again = dlq("import", str(file), "--execute")
    assert again.lines[1] == "2 lines left out: an earlier run has sent them, says friday.jsonl.journal."
    assert in_queue(bare_stage) == []


def test_a_list_and_an_export_that_are_short_of_what_sqs_promised_say_so(
    dlq: CommandLine, bare_stage: BareStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_dlq(bare_stage, CORRUPT)
    monkeypatch.setattr(Queue, "depth", lambda _: Depth(visible=40, in_flight=0, delayed=0))
    listed = dlq("list")
    assert (listed.code, listed.err.splitlines()[-1]) == (0, "SQS says about 40; 3 were read.")
    exported = dlq("export", str(tmp_path / "friday.jsonl"))
    assert exported.code == 2
    assert exported.lines[-1] == "SQS says about 40; 3 were read. If some are missing, export again to another file."


def test_a_purge_deletes_what_was_exported_and_nothing_that_came_after(
    dlq: CommandLine, bare_stage: BareStage, tmp_path: Path
) -> None:
    fill_dlq(bare_stage, CORRUPT)
    file = tmp_path / "friday.jsonl"
    dlq("export", str(file), "--code", "corrupt-image")
    fill_dlq(bare_stage, DENIED)
    assert with_names(dlq("purge", str(file)).out, bare_stage, []) == [
        "Dry run: nothing was deleted. Add --execute to act.",
        "To delete for good: 3 dead letters of STAGE-dead-letters that friday.jsonl has.",
        "12 stay: they are not in the export.",
    ]
    assert dlq("purge", str(file), "--execute").code == 1  # nobody is there to confirm
    said = dlq("purge", str(file), "--execute", "--yes-delete", "15")
    assert said.code == 1
    assert "not confirmed: it would delete 3 dead letters; nothing was deleted" in said.err
    assert depth(bare_stage) == Depth(visible=15, in_flight=0, delayed=0)
    assert dlq("purge", str(file), "--execute", "--yes-delete", "3").code == 0
    assert bodies(in_dlq(bare_stage)) == bodies(DENIED)
    assert len(file.read_text().splitlines()) == 3


def test_a_purge_that_was_killed_is_given_again_as_it_was(
    dlq: CommandLine, bare_stage: BareStage, tmp_path: Path
) -> None:
    fill_dlq(bare_stage, CORRUPT)
    file = tmp_path / "friday.jsonl"
    dlq("export", str(file))
    sqs, url = bare_stage.client("sqs"), bare_stage.target.outputs.dead_letter_queue_url
    (deleted,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=9)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=deleted["ReceiptHandle"])
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=2)  # what the killed run held
    assert dlq("purge", str(file), "--execute", "--yes-delete", "4").code == 1
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=2)
    said = dlq("purge", str(file), "--execute", "--yes-delete", "3")
    assert (said.code, said.lines) == (
        0,
        [
            f"Deleted 2 dead letters from {bare_stage.name}-dead-letters; friday.jsonl still has them.",
            "1 of the export are not in the DLQ.",
        ],
    )
    said = dlq("purge", str(file), "--execute", "--yes-delete", "3")
    nothing = f"Nothing to delete: {bare_stage.name}-dead-letters holds none of what friday.jsonl has."
    assert (said.code, said.lines[0]) == (0, nothing)


def test_a_redrive_with_a_proof_does_not_wait_for_what_was_purged(
    dlq: CommandLine, bare_stage: BareStage, tmp_path: Path
) -> None:
    fill_dlq(bare_stage, denied_sources(bare_stage)[:2])
    with fake_function(bare_stage, dict.fromkeys(("2026/0.jpg", "2026/1.jpg"), FailureCode.CORRUPT_IMAGE)) as handled:
        dlq("redrive", "--execute")
        wait_until(lambda: len(handled) == 2)
    dlq("export", str(tmp_path / "bad.jsonl"))
    assert dlq("purge", str(tmp_path / "bad.jsonl"), "--execute", "--yes-delete", "2").code == 0
    assert dlq("redrive", "--verify", "--wait", "1s", "--execute").code == 0


def test_a_purge_needs_an_export_of_this_very_dlq(dlq: CommandLine, bare_stage: BareStage, tmp_path: Path) -> None:
    fill_dlq(bare_stage, CORRUPT)
    file = tmp_path / "friday.jsonl"
    dlq("export", str(file))
    file.write_text(file.read_text().replace(bare_stage.name, "another"))
    said = dlq("purge", str(file), "--execute", "--yes-delete", "3")
    assert said.code == 1
    assert len(in_dlq(bare_stage)) == 3


@pytest.mark.parametrize(
    "arguments", [["redrive", "--key", "*"], ["import", "friday.jsonl"], ["purge", "friday.jsonl", "--yes-delete", "3"]]
)
def test_machines_are_told_whether_anything_was_done(
    dlq: CommandLine, bare_stage: BareStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    fill_dlq(bare_stage, CORRUPT)
    dlq("export", "friday.jsonl")
    assert json.loads(dlq(*arguments, "--json").out)["executed"] is False
    assert json.loads(dlq(*arguments, "--execute", "--json").out)["executed"] is True


def test_a_redrive_that_matches_nothing_says_why(dlq: CommandLine, bare_stage: BareStage) -> None:
    fill_dlq(bare_stage, CORRUPT)
    said = dlq("redrive", "--code", "throttled", "--execute")
    assert (said.code, said.lines) == (
        0,
        [
            f"Nothing to redrive: 3 dead letters in {bare_stage.name}-dead-letters, 0 match (code throttled).",
            "3 stay: 3 of another code.",
        ],
    )


def test_a_purge_asks_a_person_at_a_terminal(bare_stage: BareStage, tmp_path: Path) -> None:
    fill_dlq(bare_stage, CORRUPT)
    file = tmp_path / "friday.jsonl"
    command = [sys.executable, "-m", "scripts.dlq"]
    stage = ["--stage", bare_stage.name]
    subprocess.run([*command, "export", str(file), *stage], cwd=REPOSITORY, check=True, capture_output=True)
    for answer, code, left in (("yes\n", 1, 3), ("3\n", 0, 0)):
        person, terminal = os.openpty()
        os.write(person, answer.encode())
        purge = [*command, "purge", str(file), "--execute", *stage]
        process = subprocess.run(purge, cwd=REPOSITORY, stdin=terminal, stderr=terminal, stdout=terminal, check=False)
        os.close(terminal)
        os.close(person)
        assert process.returncode == code
        assert depth(bare_stage) == Depth(visible=left, in_flight=0, delayed=0)


def test_help_has_examples_and_exit_codes(dlq: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("list", "show", "redrive", "export", "import", "purge"):
        said = dlq(command, "--help")
        assert said.code == 0
        words = " ".join(said.out.split())
        assert f"Example: npm run dlq -- {command} " in words
        assert "Exit codes: 0 done; 1 could not run" in words
