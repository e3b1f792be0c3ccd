from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from processing.failures import FailureCode
from scripts.cli.output import plain_lines
from scripts.dlq.redrive_plan import RedrivePlan, RedriveRequest, RedriveStep, plan_actions
from scripts.dlq.selection import Selection
from scripts.sending.journal import JournalEntry
from tests.support.dead_letters import NOW, received

LETTERS = (
    received("id-1", "2026/a.jpg", code=FailureCode.ACCESS_DENIED, age=timedelta(hours=3)),
    received("id-2", "2026/b\n.jpg", code=FailureCode.CORRUPT_IMAGE, age=timedelta(hours=2)),
    received("id-3", "c.jpg", moved_by_sqs=True, age=timedelta(hours=1)),
)


REQUEST: dict[str, Any] = {
    "selection": Selection(),
    "most": None,
    "per_second": None,
    "to": "",
    "canary": 0,
    "verify": False,
    "journal": Path("j"),
}


def make_plan(**changes: Any) -> RedrivePlan:
    fields: dict[str, Any] = {
        "source": "dlq",
        "destination": "photos",
        "actions": plan_actions(LETTERS, {}),
        "left": Counter(),
        "in_flight": 0,
        "unseen": 0,
        "pending": 0,
        "by_move_task": False,
    }
    request = {name: changes.pop(name) for name in set(changes) & set(REQUEST)}
    return RedrivePlan(request=RedriveRequest(**REQUEST | request), **fields | changes)


def lines(**changes: Any) -> list[str]:
    return plain_lines(make_plan(**changes).report(NOW))


def test_the_plan_says_what_would_be_done_line_by_line() -> None:
    assert lines() == [
        "To redrive: 3 of 3 dead letters, from dlq to photos.",
        "",
        "action             id    code           age  key",
        "send, then delete  id-1  access-denied  3 h  2026/a.jpg",
        "send, then delete  id-2  corrupt-image  2 h  2026/b\\n.jpg",
        "send, then delete  id-3  no-reason      1 h  c.jpg",
        "",
        "Caution: these are permanent failures and come back unless the cause is fixed:",
        "  1 corrupt-image: Open it on your computer; export it again or upload another copy.",
    ]


def test_every_option_leaves_its_line() -> None:
    shown = lines(
        selection=Selection(codes=frozenset({"access-denied"})),
        actions=plan_actions(LETTERS[:1], {}),
        left=Counter({"of another code": 35, "beyond --max": 1}),
        in_flight=4,
        per_second=0.5,
        canary=3,
        verify=True,
        pending=2,
    )
    assert shown == [
        "To redrive: 1 of 37 dead letters (code access-denied), from dlq to photos, 0.5 a second at most: about 2 s.",
        "",
        "action             id    code           age  key",
        "send, then delete  id-1  access-denied  3 h  2026/a.jpg",
        "",
        "36 stay: 1 beyond --max, 35 of another code.",
        "4 more are in flight; --execute waits for them.",
        "A canary of 1 goes first; the rest only if all of it goes well.",
        "Then every outcome is waited for, 30 min at most.",
        "2 messages of earlier runs have no outcome yet: waited for too.",
    ]


def test_a_plan_that_matches_nothing_says_so() -> None:
    shown = lines(actions=(), selection=Selection(key_glob="*.tif"), left=Counter({"of another key": 37}))
    assert shown == ["Nothing to redrive: 37 dead letters in dlq, 0 match (key *.tif).", "37 stay: 37 of another key."]


def test_only_the_first_twenty_are_listed() -> None:
    letters = tuple(received(f"id-{i}", "a.jpg") for i in range(25))
    shown = lines(actions=plan_actions(letters, {}))
    assert sum(line.startswith("send") for line in shown) == 20
    assert "... and 5 more" in shown


def test_a_move_task_is_announced() -> None:
    assert lines(by_move_task=True)[-3] == (
        "This is the whole queue, so SQS moves it itself (a message move task). Ctrl-C cancels it."
    )


def test_the_journal_decides_what_is_left_to_do_with_a_letter() -> None:
    journal = {"id-1": JournalEntry("id-1", "sending"), "id-2": JournalEntry("id-2", "sent")}
    plan = make_plan(actions=plan_actions(LETTERS, journal))
    assert [action.step for action in plan.actions] == [RedriveStep.MOVE_AGAIN, RedriveStep.DELETE, RedriveStep.MOVE]
    assert plan.permanent == Counter()  # the corrupt one is only deleted


def test_a_letter_that_was_refused_or_settled_before_is_moved_or_only_deleted() -> None:
    journal = {
        "id-1": JournalEntry("id-1", "refused"),
        "id-2": JournalEntry("id-2", "settled"),
        "id-3": JournalEntry("id-3", "moved"),
    }
    actions = plan_actions(LETTERS, journal)
    assert [action.step for action in actions] == [RedriveStep.MOVE, RedriveStep.DELETE, RedriveStep.DELETE]


def test_json_has_every_action() -> None:
    letters = tuple(received(f"id-{i}", "a.jpg") for i in range(25))
    document = make_plan(actions=plan_actions(letters, {})).to_document()
    assert [action["id"] for action in document["actions"]] == [f"id-{i}" for i in range(25)]
    assert {action["action"] for action in document["actions"]} == {"move"}
