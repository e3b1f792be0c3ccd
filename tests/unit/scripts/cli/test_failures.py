import csv
import io

import pytest

from scripts.cli.failures import Failure, failure_table, failures_csv, group_failures, group_lines
from scripts.cli.output import plain_lines


def test_each_cause_is_one_line_and_a_rare_one_is_not_hidden_by_a_frequent_one() -> None:
    failures = [Failure(f"{number:02}.jpg", "access-denied", "Check the role.") for number in range(34)]
    failures += [Failure("cut\n.jpg", "truncated-image", "Upload it again."), Failure("", "malformed-message", "Who?")]
    assert plain_lines([failure_table(failures)]) == [
        "code               photos  what to do        examples",
        "access-denied          34  Check the role.   00.jpg, 01.jpg, 02.jpg, ...",
        "malformed-message       1  Who?",
        "truncated-image         1  Upload it again.  cut\\n.jpg",
    ]


def test_each_code_is_explained_once_and_some_of_its_photos_are_named() -> None:
    failures = [Failure(f"{number}.jpg", "too-slow", "Save it.", "26 s") for number in range(5)]
    failures += [Failure("", "malformed-message", "Who?"), Failure("x\n", "new-code", "")]
    assert group_lines(group_failures(failures), max_names=2) == [
        "",
        "too-slow (5): The image exceeded the time limit, twice.",
        "  What to do: Save it.",
        "  - 0.jpg: 26 s",
        "  - 1.jpg: 26 s",
        "  and 3 more",
        "",
        "malformed-message (1): The message is not an S3 event of the input bucket.",
        "  What to do: Who?",
        "",
        "new-code (1)",
        "  - x\\n",
    ]


def test_advice_that_differs_is_given_beside_each_photo() -> None:
    failures = [Failure("a", "not-copied", "Free space."), Failure("b", "not-copied", "Rename it.", "bad name")]
    lines = group_lines(group_failures(failures), max_names=9)
    assert lines[2:] == ["  - a: Free space.", "  - b: bad name: Rename it."]


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_cell_of_the_csv_file_is_a_formula(name: str) -> None:
    rows = list(csv.reader(io.StringIO(failures_csv([Failure(name, "c", name, name)]).decode("utf-8-sig"), newline="")))
    assert rows[1] == [f"'{name}", "c", f"'{name}", f"'{name}"]


def test_a_name_that_is_no_unicode_is_in_the_csv_file_too() -> None:
    assert b"bad\\udcff.jpg" in failures_csv([Failure("bad\udcff.jpg", "not-uploaded", "Rename it.")])
