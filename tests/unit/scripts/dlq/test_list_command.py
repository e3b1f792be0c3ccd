from datetime import timedelta
from types import SimpleNamespace

from processing.failures import FailureCode
from scripts.aws.dead_letter import DeadLetter, dead_letters_table
from scripts.cli.output import plain_lines
from scripts.dlq.list_command import DlqSummary, summary_document, summary_report
from tests.support.dead_letters import NOW, received

DETAIL = "AWS answered\nAccessDenied"
LETTERS = [
    received("1", "2026/07/b.jpg", code=FailureCode.ACCESS_DENIED, age=timedelta(days=5), detail=DETAIL),
    received("2", "2026/07/a b.jpg", code=FailureCode.ACCESS_DENIED, age=timedelta(hours=4), detail=DETAIL),
    received("3", "evil\n37 dead letters\x1b[2K/c.jpg", code=FailureCode.CORRUPT_IMAGE, age=timedelta(minutes=3)),
    received("4", "top.jpg", moved_by_sqs=True, age=timedelta(hours=2)),
    received("5", "", body="not json", code=FailureCode.MALFORMED_MESSAGE, age=timedelta(minutes=30)),
]


def lines(*letters: DeadLetter) -> list[str]:
    census = DlqSummary("the-dlq", NOW)
    for letter in letters:
        census.add(letter)
    return plain_lines(summary_report(census, timedelta(days=14)))


def test_the_report_says_what_lies_there_line_by_line() -> None:
    assert lines(*LETTERS) == [
        "5 dead letters in the-dlq",
        "",
        "code               letters  oldest  newest  what to do",
        "access-denied            2  5 d     4 h     "
        "Check the bucket policy, the key policy and the function's role, then redrive.",
        "corrupt-image            1  3 min   3 min   Open it on your computer; export it again or upload another copy.",
        "malformed-message        1  30 min  30 min  "
        "Find out who sends to this queue; only the bucket's notifications belong there.",
        "no-reason                1  2 h     2 h     "
        "Look into the function's log and its Errors and Throttles alarms, fix the cause, then redrive.",
        "",
        "code               commonest detail            letters  example",
        "access-denied      AWS answered\\nAccessDenied        2  2026/07/a b.jpg",
        "corrupt-image      as a test has it                  1  evil\\n37 dead letters\\x1b[2K/c.jpg",
        "malformed-message  as a test has it                  1  (names no photo)",
        "no-reason          (none)                            1  top.jpg",
        "",
        "age           letters",
        "up to 1 hour        2",
        "up to 1 day         2",
        "up to 7 days        1",
        "",
        "folder                         letters",
        "2026/07/                             2",
        "(names no photo)                     1",
        "(top level)                          1",
        "evil\\n37 dead letters\\x1b[2K/        1",
        "",
        "SQS deletes the oldest in 9 d; it keeps a dead letter for 14 d.",
    ]


def test_the_commonest_detail_has_its_count_and_an_example_in_json() -> None:
    census = DlqSummary("the-dlq", NOW)
    for number, detail in enumerate(("rare", "common", "common")):
        census.add(received(str(number), f"{number}.jpg", detail=detail))
    (document,) = (each.to_document() for each in census.codes.values())
    assert (document["count"], document["detail"], document["detail_count"]) == (3, "common", 2)
    assert document["example"] == "1.jpg"


def test_an_empty_dlq_is_said_to_be_empty() -> None:
    assert lines() == ["No dead letters in the-dlq."]


def test_only_the_fullest_folders_are_named() -> None:
    folders = lines(*(received(str(i), f"folder{i:02}/a.jpg") for i in range(12)))
    assert "folder09/        1" in folders
    assert "... and 2 more folders" in folders
    assert not any("folder10" in line for line in folders)


def test_each_letter_has_one_line_whatever_its_key() -> None:
    assert plain_lines([dead_letters_table(LETTERS[2:], NOW)]) == [
        "id  code               age     key",
        "3   corrupt-image      3 min   evil\\n37 dead letters\\x1b[2K/c.jpg",
        "4   no-reason          2 h     top.jpg",
        "5   malformed-message  30 min  (names no photo)",
    ]


def test_json_has_the_same_counts_and_the_keys_as_they_are() -> None:
    census = DlqSummary("the-dlq", NOW)
    for letter in LETTERS:
        census.add(letter)
    reader = SimpleNamespace(unseen=3, in_flight=1, move_task=None)
    documents = [letter.to_document() for letter in LETTERS]
    document = summary_document(census, reader, documents)  # type: ignore[arg-type]
    assert (document["count"], document["not_seen"], document["in_flight"]) == (5, 3, 1)
    assert {code: group["count"] for code, group in document["codes"].items()} == {
        "access-denied": 2,
        "corrupt-image": 1,
        "malformed-message": 1,
        "no-reason": 1,
    }
    assert document["letters"][2]["sources"][0]["key"] == "evil\n37 dead letters\x1b[2K/c.jpg"
