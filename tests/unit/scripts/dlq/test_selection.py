from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.failures import FailureCode
from scripts.aws.dead_letter import NO_REASON
from scripts.dlq.selection import Selection, select
from tests.support.dead_letters import NOW, received
from tests.support.events import s3_body

LETTERS = [
    received("1", "2026/07/a.jpg", code=FailureCode.ACCESS_DENIED, age=timedelta(hours=5)),
    received("2", "2026/07/b.png", code=FailureCode.CORRUPT_IMAGE, age=timedelta(hours=4)),
    received("3", "2026/08/c.jpg", code=FailureCode.ACCESS_DENIED, age=timedelta(hours=3)),
    received("4", "D.JPG", code=FailureCode.THROTTLED, age=timedelta(hours=2)),
    received("5", "e.jpg", moved_by_sqs=True, age=timedelta(hours=1)),
    received("6", "", body="not json", code=FailureCode.MALFORMED_MESSAGE, age=timedelta(minutes=1)),
]


def chosen(selection: Selection, most: int | None = None) -> list[str]:
    return [letter.id for letter in select(LETTERS, selection, NOW, most)[0]]


@pytest.mark.parametrize(
    ("selection", "ids"),
    [
        (Selection(), ["1", "2", "3", "4", "5", "6"]),
        (Selection(codes=frozenset({"access-denied"})), ["1", "3"]),
        (Selection(codes=frozenset({"access-denied", "throttled"})), ["1", "3", "4"]),
        (Selection(codes=frozenset({NO_REASON})), ["5"]),
        (Selection(retryable_only=True), ["1", "3", "4", "5"]),
        (Selection(key_glob="*.jpg"), ["1", "3", "5"]),
        (Selection(key_glob="2026/*"), ["1", "2", "3"]),
        (Selection(key_glob="2026/0[8]/?.jpg"), ["3"]),
        (Selection(key_glob="*"), ["1", "2", "3", "4", "5"]),
        (Selection(older_than=timedelta(hours=3)), ["1", "2", "3"]),
        (Selection(newer_than=timedelta(hours=2)), ["4", "5", "6"]),
        (Selection(older_than=timedelta(hours=2), newer_than=timedelta(hours=3)), ["3", "4"]),
        (Selection(codes=frozenset({"access-denied"}), key_glob="*/08/*"), ["3"]),
    ],
)
def test_every_condition_that_is_given_must_hold(selection: Selection, ids: list[str]) -> None:
    assert chosen(selection) == ids


def test_a_maximum_takes_the_oldest() -> None:
    assert chosen(Selection(), most=2) == ["1", "2"]


def test_what_stays_is_counted_by_its_reason() -> None:
    _, left = select(LETTERS, Selection(codes=frozenset({"access-denied"}), older_than=timedelta(hours=4)), NOW, 1)
    assert left == Counter({"of another code": 4, "too young": 1})
    assert select(LETTERS, Selection(), NOW, 4)[1] == Counter({"beyond --max": 2})


def test_a_message_with_several_photos_is_meant_by_any_of_their_keys() -> None:
    letter = received("7", body=s3_body("x.jpg", "y.png"))
    assert Selection(key_glob="y*").mismatch(letter, NOW) == ""


@given(st.text(min_size=1))
def test_no_glob_breaks_anything(glob: str) -> None:
    select(LETTERS, Selection(key_glob=glob), NOW)


def test_a_reason_from_before_a_redrive_is_not_taken_for_todays() -> None:
    letter = received("8", code=FailureCode.ACCESS_DENIED, message_id="first-life", moved_by_sqs=True)
    assert letter.code == NO_REASON
    assert letter.message_id == "8"


def test_the_conditions_are_said_in_words() -> None:
    selection = Selection(
        codes=frozenset({"throttled", "access-denied"}),
        key_glob="a\n*",
        older_than=timedelta(hours=2),
        newer_than=timedelta(days=3),
    )
    assert selection.describe() == "code access-denied or throttled, key a\\n*, older than 2 h, newer than 3 d"
    assert Selection().describe() == ""
