from pathlib import Path

import pytest

from scripts.cli.errors import OperatorError
from scripts.packaging.stage_settings import parameter_options, read_stage_settings, settings_file


def write(repository: Path, text: str) -> None:
    path = settings_file("prod", repository)
    path.parent.mkdir()
    path.write_text(text)


def test_a_stage_without_a_settings_file_has_no_settings(tmp_path: Path) -> None:
    assert read_stage_settings("prod", tmp_path) == {}


def test_settings_are_read_as_text(tmp_path: Path) -> None:
    write(tmp_path, "alarmEmail: me@example.com\nconcurrency: 8\nsummaryEmail:\ncreateInputBucket: false\n")
    assert read_stage_settings("prod", tmp_path) == {
        "alarmEmail": "me@example.com",
        "concurrency": "8",
        "summaryEmail": "",
        "createInputBucket": "false",
    }


@pytest.mark.parametrize(
    ("name", "value"), [("dashboard", "off"), ("summaryPhone", "+491701234567"), ("keyPrefix", "2026")]
)
def test_a_value_is_what_is_written(tmp_path: Path, name: str, value: str) -> None:
    write(tmp_path, f"{name}: {value}\n")
    assert read_stage_settings("prod", tmp_path) == {name: value}


def test_an_empty_settings_file_is_none(tmp_path: Path) -> None:
    write(tmp_path, "# nothing yet\n")
    assert read_stage_settings("prod", tmp_path) == {}


@pytest.mark.parametrize("text", ["- a list", "concurrency: [1, 2]", "concurrency: {", "just words"])
def test_what_is_no_list_of_values_is_refused_with_its_file(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    with pytest.raises(OperatorError, match=r"settings/prod\.yml"):
        read_stage_settings("prod", tmp_path)


def test_a_value_for_one_deployment_replaces_the_lasting_one(tmp_path: Path) -> None:
    write(tmp_path, "concurrency: 8\nalarmEmail: me@example.com\n")
    assert parameter_options("prod", ["concurrency=50"], tmp_path) == [
        "--param=alarmEmail=me@example.com",
        "--param=concurrency=50",
    ]


def test_an_empty_value_is_the_default(tmp_path: Path) -> None:
    write(tmp_path, "alarmEmail:\n")
    assert parameter_options("prod", [], tmp_path) == []
