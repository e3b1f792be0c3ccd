"""Refusals, JSON and help of `npm run dlq`, on a local AWS."""

import json
from pathlib import Path

import pytest

from tests.support.bare_stage import BareStage, fill_dlq
from tests.support.command_line import CommandLine
from tests.support.dlq_stage import CORRUPT


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["redrive", "--to", "no-such-queue"], "there is no queue 'no-such-queue'"),
        (["redrive", "--code", "acess-denied"], "is not a failure code"),
        (["redrive", "--older-than", "yesterday"], "is not a duration"),
        (["redrive", "--rate", "0/s"], "is not a rate"),
        (["redrive", "--max", "0"], "greater than or equal to 1"),
        (["redrive", "--to", "https://queue/elsewhere", "--verify"], "need the stage's own queue"),
        (["show"], "give an ID, --key GLOB or --code CODE"),
        (["show", "--code", "acess-denied"], "is not a failure code"),
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


@pytest.mark.parametrize(
    "arguments", [["redrive", "--key", "*"], ["import", "friday.jsonl"], ["purge", "friday.jsonl", "--yes-delete", "3"]]
)
def test_json_says_whether_anything_was_done(
    dlq: CommandLine, bare_stage: BareStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    fill_dlq(bare_stage, CORRUPT)
    dlq("export", "friday.jsonl")
    assert json.loads(dlq(*arguments, "--json").out)["executed"] is False
    assert json.loads(dlq(*arguments, "--execute", "--json").out)["executed"] is True


def test_help_has_examples_and_exit_codes(dlq: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("list", "show", "redrive", "export", "import", "purge"):
        said = dlq(command, "--help")
        assert said.code == 0
        words = " ".join(said.out.split())
        assert f"Example: npm run dlq -- {command} " in words
        assert "Exit codes: 0 done; 1 could not run" in words
