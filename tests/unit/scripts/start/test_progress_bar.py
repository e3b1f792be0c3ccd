from io import StringIO

from rich.console import Console

from scripts.start.progress import Failure, Tally
from scripts.start.progress_bar import job_progress


def test_a_log_gets_a_plain_line_and_one_photo_is_told_of_in_the_singular() -> None:
    tally, printed = Tally(expected=1), StringIO()
    tally.note_failure(Failure(key="a.jpg", code="no-outcome", what_to_do="look"))
    with job_progress(Console(file=printed, width=200), 1) as on_progress:
        on_progress(tally)
    assert printed.getvalue().startswith("1 of 1 photo done, 0 uploaded, 1 failed, ")
