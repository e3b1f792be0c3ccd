"""`npm run dlq -- export`, `import` and `purge` on a local AWS."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from processing.failures import FailureCode
from scripts.aws.sqs_queue import Depth, SqsQueue
from scripts.cli.repository import REPOSITORY
from scripts.sending import journal
from tests.support.bare_stage import BareStage, fill_dlq
from tests.support.command_line import CommandLine
from tests.support.dlq_stage import (
    CORRUPT,
    DENIED,
    bodies,
    denied_sources,
    depth,
    in_dlq,
    in_queue,
    wait_until,
    with_names,
)
from tests.support.events import s3_body
from tests.support.fake_function import fake_function


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
    edited[0]["body"] = s3_body("fixed.png")
    file.write_text("\n".join(map(json.dumps, edited[:2])))

    said = dlq("import", str(file))
    keys = [json.loads(line)["key"] for line in file.read_text().splitlines()]
    assert with_names(said.out, bare_stage, []) == [
        "Dry run: nothing was sent or deleted. Add --execute to act.",
        "To send: 2 messages of friday.jsonl to STAGE-photos.",
        "",
        "from code key",
        "line 1 corrupt-image fixed.png",
        f"line 2 corrupt-image {keys[1]}",
        "",
        "friday.jsonl.journal, beside the file, will remember which lines were sent.",
    ]
    assert in_queue(bare_stage) == []

    assert dlq("import", str(file), "--execute").code == 0
    assert bodies(in_queue(bare_stage)) == sorted([s3_body("fixed.png"), edited[1]["body"]])
    again = dlq("import", str(file), "--execute")
    assert again.lines[1] == "2 lines left out: an earlier run has sent them, says friday.jsonl.journal."
    assert in_queue(bare_stage) == []


def test_an_export_without_a_name_goes_beside_the_journals(dlq: CommandLine, bare_stage: BareStage) -> None:
    fill_dlq(bare_stage, CORRUPT)
    said = dlq("export", "--json")
    file = Path(json.loads(said.out)["file"])
    assert (said.code, len(file.read_text().splitlines())) == (0, 3)
    assert file.parent == journal.JOURNALS
    assert re.fullmatch(rf"dlq-{bare_stage.name}-\d{{8}}T\d{{6}}Z\.jsonl", file.name)
    assert file.stat().st_mode & 0o077 == 0


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
    assert dlq("purge", str(file), "--execute").code == 1  # no terminal to confirm at
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


def test_a_purge_deletes_nothing_when_letters_of_the_export_may_be_among_those_not_seen(
    dlq: CommandLine, bare_stage: BareStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_dlq(bare_stage, CORRUPT)
    file = tmp_path / "friday.jsonl"
    dlq("export", str(file))
    sqs, url = bare_stage.client("sqs"), bare_stage.target.outputs.dead_letter_queue_url
    (letter,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=9)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=letter["ReceiptHandle"])
    monkeypatch.setattr(SqsQueue, "depth", lambda _: Depth(visible=3, in_flight=0, delayed=0))
    said = dlq("purge", str(file), "--execute", "--yes-delete", "2")
    assert said.code == 1
    assert "about 1 were not seen. 1 of friday.jsonl may be among them: nothing was deleted" in said.err
    assert len(in_dlq(bare_stage)) == 2


def test_redrive_verify_does_not_wait_for_what_was_purged(
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
