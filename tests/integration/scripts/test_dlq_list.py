"""`npm run dlq -- list` and `show` on a local AWS."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from processing.failures import FailureCode
from scripts.aws.sqs_queue import Depth, SqsQueue
from scripts.cli.repository import REPOSITORY
from tests.support.bare_stage import BareStage, fill_dlq
from tests.support.command_line import CommandLine
from tests.support.dead_letters import dead_letter
from tests.support.dlq_stage import CORRUPT, DENIED, bodies, depth, in_dlq
from tests.support.fake_function import store_outputs


def test_list_reads_all_and_not_the_first_ten_and_leaves_everything_as_it_was(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    letters = [dead_letter(f"{i}.jpg", code=FailureCode.THROTTLED) for i in range(250)]
    fill_dlq(bare_stage, letters)
    said = dlq("list")
    assert said.code == 0
    assert said.lines[0] == f"250 dead letters in {bare_stage.name}-dead-letters"
    assert "Reading dead letters counts as receiving them and hides them for a moment" in said.err
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


def test_show_of_a_code_shows_one(dlq: CommandLine, bare_stage: BareStage) -> None:
    fill_dlq(bare_stage, DENIED + CORRUPT)
    said = dlq("show", "--code", "corrupt-image")
    assert said.code == 0
    assert [line.split()[1] for line in said.lines if line.startswith("  code")] == ["corrupt-image"]
    assert depth(bare_stage) == Depth(visible=15, in_flight=0, delayed=0)


def test_show_says_when_there_is_no_such_letter(dlq: CommandLine) -> None:
    said = dlq("show", "no-such-id")
    assert (said.code, said.out) == (1, "")
    assert "no such dead letter" in said.err


def test_list_and_export_say_when_they_read_fewer_than_sqs_reported(
    dlq: CommandLine, bare_stage: BareStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_dlq(bare_stage, CORRUPT)
    monkeypatch.setattr(SqsQueue, "depth", lambda _: Depth(visible=40, in_flight=0, delayed=0))
    listed = dlq("list")
    assert (listed.code, listed.err.splitlines()[-1]) == (0, "SQS says about 40; 3 were read: about 37 were not seen.")
    exported = dlq("export", str(tmp_path / "friday.jsonl"))
    assert exported.code == 2
    assert exported.lines[-1] == "Not all are in the file (see above): export again to another file."
    assert "about 37 were not seen." in exported.err
