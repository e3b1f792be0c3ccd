import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.cli.output import Screen, Table, key_text, line_progress, plain_lines


def test_a_table_has_columns_and_numbers_flush_right() -> None:
    table = Table(("code", "letters", "age"), [("access-denied", 1200, "3 h"), ("throttled", 7, "1 min")])
    assert plain_lines(["Before", table, "", "after\nit"]) == [
        "Before",
        "code           letters  age",
        "access-denied    1,200  3 h",
        "throttled            7  1 min",
        "",
        "after",
        "it",
    ]


@given(st.text())
def test_no_key_leaves_its_line_or_moves_the_cursor(key: str) -> None:
    shown = key_text(key)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1


def test_json_goes_to_stdout_alone_and_prose_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(as_json=True)
    screen.note("a note")
    screen.result(["a report"], {"key": "ü\n"})
    said = capsys.readouterr()
    assert json.loads(said.out) == {"key": "ü\n"}
    assert said.err == "a note\n"


def test_what_looks_like_markup_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    screen.note("[bold]note[/bold] :warning:")
    screen.result(["[red]report[/red]"], None)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("[red]report[/red]\n", "[bold]note[/bold] :warning:\n")


ID = "1dec8142-663b-46c5-a0c9-dd0e9f5c7752"
PLAN = Table(
    ("action", "id", "code", "age", "key"),
    [("send, then delete", ID, "access-denied", "37 s", "2026/08/IMG_4100.jpg")],
)


@pytest.mark.parametrize(("columns", "has_frame"), [("80", False), ("160", True)])
def test_a_key_is_never_folded_to_shreds_for_the_sake_of_a_frame(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str, has_frame: bool
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal
    monkeypatch.setenv("COLUMNS", columns)
    Screen().result([PLAN], None)
    said = capsys.readouterr().out
    assert "2026/08/IMG_4100.jpg" in said
    assert ("┃" in said) is has_frame


def test_a_log_gets_a_line_of_progress_every_ten_seconds_with_the_time_left() -> None:
    now, lines = [0.0], list[str]()
    progress = line_progress("uploading", 1000, lines.append, lambda: now[0])
    for second in range(1, 26):
        now[0] = float(second)
        progress(second * 20, "5.0 MB/s")
    assert lines == [
        "uploading: 200 of 1,000, 5.0 MB/s, about 40 s left",
        "uploading: 400 of 1,000, 5.0 MB/s, about 30 s left",
    ]


def test_progress_without_a_total_promises_nothing() -> None:
    now, lines = [0.0], list[str]()
    progress = line_progress("reading", None, lines.append, lambda: now[0])
    now[0] = 11.0
    progress(1200, "")
    assert lines == ["reading: 1,200"]
