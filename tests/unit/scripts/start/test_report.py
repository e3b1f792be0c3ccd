from io import StringIO

from rich.console import Console

from scripts.start.progress import Failure, Tally
from scripts.start.report import print_report


def report(tally: Tally) -> list[str]:
    printed = StringIO()
    print_report(Console(file=printed, width=80), tally, seconds=1)
    return [line.strip() for line in printed.getvalue().splitlines()]


def test_the_title_stays_on_one_line() -> None:
    assert report(Tally(expected=0))[0] == "What became of the photos"


def test_a_job_that_was_cut_short_says_how_many_photos_are_not_done() -> None:
    tally = Tally(expected=1_201)
    tally.note_failure(Failure(key="a.jpg", code="no-outcome", what_to_do="look"))
    rows = ["".join(line.split()) for line in report(tally)]
    assert "│notdone│1,200│" in rows


def test_a_job_that_was_finished_has_no_such_line() -> None:
    assert not any("not done" in line for line in report(Tally(expected=0)))


def test_after_the_failures_it_says_what_to_do_about_them_all() -> None:
    tally = Tally(expected=1)
    tally.note_failure(Failure(key="a.jpg", code="no-outcome", what_to_do="look"))
    assert report(tally)[-1] == "Your originals are untouched; once what failed is mended, run the folder again."
