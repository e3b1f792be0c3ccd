import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from processing.failures import FailureCode
from scripts.aws.dead_letter import DeadLetter
from scripts.cli.errors import OperatorError
from scripts.dlq.export_command import read_export, write_export
from tests.support.dead_letters import received

LETTERS = [
    received("1", "a\nb.jpg", code=FailureCode.ACCESS_DENIED),
    received("2", "ü.jpg", moved_by_sqs=True),
    received("3", body="not json\n\u2028", code=FailureCode.MALFORMED_MESSAGE),
]


def test_an_export_holds_every_message_whole(tmp_path: Path) -> None:
    assert write_export(tmp_path / "e.jsonl", "arn:dlq", LETTERS) == 3
    lines = read_export(tmp_path / "e.jsonl")
    assert [line.number for line in lines] == [1, 2, 3]
    assert {line.queue for line in lines} == {"arn:dlq"}
    for line, letter in zip(lines, LETTERS, strict=True):
        assert line.message.to_document() == letter.message.to_document()


def test_each_message_is_one_line_of_json_that_grep_finds_by_code(tmp_path: Path) -> None:
    write_export(tmp_path / "e.jsonl", "arn:dlq", LETTERS)
    lines = (tmp_path / "e.jsonl").read_text().splitlines()
    assert [json.loads(line)["code"] for line in lines] == ["access-denied", "no-reason", "malformed-message"]
    assert json.loads(lines[0])["key"] == "a\nb.jpg"


def test_an_earlier_export_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_text("all that is left\n")
    with pytest.raises(OperatorError, match="exists already"):
        write_export(tmp_path / "e.jsonl", "arn:dlq", LETTERS)
    assert (tmp_path / "e.jsonl").read_text() == "all that is left\n"


def test_an_export_that_breaks_off_leaves_no_file_that_looks_whole(tmp_path: Path) -> None:
    def broken() -> Iterator[DeadLetter]:
        yield LETTERS[0]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        write_export(tmp_path / "e.jsonl", "arn:dlq", broken())
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    write_export(tmp_path / "e.jsonl", "arn:dlq", LETTERS)
    assert (tmp_path / "e.jsonl").stat().st_mode & 0o077 == 0


def test_every_wrong_line_of_an_edited_export_is_named_and_none_is_read(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text('{"body": "fine"}\n\n{"body": ""}\n{"body": "fine"\n[]\n')
    with pytest.raises(OperatorError) as refused:
        read_export(path)
    named = [line.partition(":")[0] for line in str(refused.value).splitlines()[1:]]
    assert named == ["line 3", "line 4", "line 5"]


def test_a_hundred_wrong_lines_are_not_all_printed(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text("no\n" * 100)
    with pytest.raises(OperatorError, match=r"\.\.\. and 90 more"):
        read_export(path)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(b"\xff\xd8\xff")
    for name in ("missing", "photo"):
        with pytest.raises(OperatorError, match="cannot be read"):
            read_export(tmp_path / name)
