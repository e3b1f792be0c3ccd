from scripts.cli.failures import Failure, failure_table
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
