import json
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.cli.command_line import make_app, run
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen, Table, key_text, line_progress, plain_lines, print_traceback
from tests.support.command_line import without_drawing


def test_a_table_has_columns_and_numbers_flush_right() -> None:
    table = Table(("code", "letters", "age"), [("access-denied", 1200, "3 h"), ("throttled", 7, "1 min")])
    assert plain_lines(["Before", table, "", "after"]) == [
        "Before",
        "code           letters  age",
        "access-denied    1,200  3 h",
        "throttled            7  1 min",
        "",
        "after",
    ]


@given(st.text())
def test_no_key_leaves_its_line_or_moves_the_cursor(key: str) -> None:
    shown = key_text(key)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1


@pytest.mark.parametrize("columns", ["", "60", "200"])
@settings(max_examples=25, deadline=None)
@given(line=st.text())
def test_no_line_and_no_cell_leaves_its_line_or_controls_the_terminal(columns: str, line: str) -> None:
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        if columns:
            patch.setenv("TTY_COMPATIBLE", "1")  # a terminal
            patch.setenv("COLUMNS", columns)
        screen = Screen()
        screen.note(line)
        screen.result([line, Table(("id", "code", line), [(line, 7, line)])], None)
        with screen.progress("reading", 2) as show:
            show(1, line)
    written = without_drawing(out.getvalue() + err.getvalue())
    assert [shown for shown in written.split("\n") if not shown.isprintable()] == []


def test_a_traceback_cannot_be_forged_by_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        try:
            raise ValueError("first\nAll went well.\x1b[2J")
        except ValueError as error:
            raise KeyError("second\nAll went well.") from error
    except KeyError as error:
        print_traceback(type(error), error, error.__traceback__)
    lines = capsys.readouterr().err.split("\n")
    assert "Traceback (most recent call last):" in lines
    assert "ValueError: first\\nAll went well.\\x1b[2J" in lines
    assert not any(line.startswith("All went well.") or not line.isprintable() for line in lines)


def test_an_error_has_the_lines_that_the_command_gave_it(capsys: pytest.CaptureFixture[str]) -> None:
    app = make_app("Fail.")

    @app.command()
    def fail() -> None:
        raise OperatorError("no such photo: a\nb\u202e", "Look elsewhere.")

    assert run(app, "fail", []) == 1
    assert capsys.readouterr().err == "Could not go on: no such photo: a\\nb\\u202e\nLook elsewhere.\n"


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
def test_a_key_is_not_folded_for_the_sake_of_a_frame(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str, has_frame: bool
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal
    monkeypatch.setenv("COLUMNS", columns)
    Screen().result([PLAN], None)
    said = capsys.readouterr().out
    assert "2026/08/IMG_4100.jpg" in said
    assert ("┃" in said) is has_frame


def test_a_log_gets_a_line_of_progress_after_two_seconds_and_then_every_ten() -> None:
    now, lines = [0.0], list[str]()
    progress = line_progress("uploading", 1000, lines.append, lambda: now[0])
    for second in range(1, 26):
        now[0] = float(second)
        progress(second * 20, "5.0 MB/s")
    assert lines == [
        "uploading: 40 of 1,000, 5.0 MB/s, about 48 s left",
        "uploading: 240 of 1,000, 5.0 MB/s, about 38 s left",
        "uploading: 440 of 1,000, 5.0 MB/s, about 28 s left",
    ]


def test_progress_without_a_total_has_no_time_left() -> None:
    now, lines = [0.0], list[str]()
    progress = line_progress("reading", None, lines.append, lambda: now[0])
    now[0] = 11.0
    progress(1200, "")
    assert lines == ["reading: 1,200"]


def test_an_interrupt_says_how_far_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        with Screen().progress("reading", 8000) as on_progress:
            on_progress(3120, "")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert capsys.readouterr().err == "Interrupted while reading: 3,120 of 8,000\n"


def show_twice(*, as_json: bool = False) -> None:
    with Screen(as_json=as_json).refreshed() as show:
        show(["first", "line"], {"number": 1})
        show(["second", "line"], {"number": 2})


def test_at_a_terminal_a_refreshed_report_replaces_the_one_before(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    show_twice()
    before, erased, after = capsys.readouterr().out.partition("\x1b[1A")  # one line up
    assert "first" in before
    assert erased
    assert "second" in after


def test_in_a_pipe_each_report_is_appended_after_an_empty_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_twice()
    assert capsys.readouterr().out.splitlines() == ["first", "line", "", "second", "line", ""]


def test_each_refreshed_document_is_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    show_twice(as_json=True)
    assert [json.loads(line)["number"] for line in capsys.readouterr().out.splitlines()] == [1, 2]
