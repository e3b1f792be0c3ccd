"""The screen and the JSON of `npm run status`."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from processing.failures import FailureCode
from scripts.aws.sqs_queue import Depth
from scripts.cli.output import plain_lines
from scripts.status.alarms import AlarmOn, Alarms
from scripts.status.log import FailureCounts
from scripts.status.metrics import DayUsage, Pace
from scripts.status.readings import StageStatus
from scripts.status.report import status_document, status_report

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
BUSY = StageStatus(
    stage="prod",
    at=NOW,
    queue=Depth(visible=11_000, in_flight=500, delayed=0),
    dead_letters=37,
    failures=FailureCounts(Counter({"truncated-image": 2}), Counter({"throttled": 40})),
    pace=Pace(oldest_seconds=130, processed=54_000, photos_per_second=180, messages_per_second=191.7),
    alarms=Alarms([AlarmOn("photos-failed", NOW - timedelta(minutes=12), "npm run dlq -- list --stage prod")], 14),
    usage=DayUsage(processed=120_000, busy_seconds=14_000, invocations=12_000),
    dollars=3.914,
)
LOCAL = StageStatus(
    stage="local",
    at=NOW,
    queue=Depth(visible=3, in_flight=0, delayed=0),
    dead_letters=0,
    failures=FailureCounts(Counter(), Counter()),
    unknown=dict.fromkeys(("pace", "alarms", "usage", "dollars"), "the local stack has no metrics"),
)


def lines(status: StageStatus) -> list[str]:
    return plain_lines(status_report(status))


def test_one_screen_answers_every_question() -> None:
    assert lines(BUSY) == [
        "Stage prod, 2026-11-25 12:00:00 UTC",
        "queue         11,000 waiting, 500 in flight",
        "oldest        waits for 2 min",
        "pace          180.0 photos a second, 54,000 processed in the last 5 min",
        "finished in   about 1 min at this pace",
        "failed        2 in the last 5 min, 40 retries",
        "dead letters  37: npm run dlq -- list --stage prod",
        "alarms        photos-failed",
        "today (UTC)   120,000 photos processed; it cost about $3.91, without storage",
        "",
        "code             failed  retries  what to do",
        f"truncated-image       2        0  {FailureCode.TRUNCATED_IMAGE.what_to_do}",
        f"throttled             0       40  {FailureCode.THROTTLED.what_to_do}",
        "",
        "alarm          on for  first",
        "photos-failed  12 min  npm run dlq -- list --stage prod",
    ]


def test_what_the_local_stack_cannot_answer_is_said_and_is_no_zero() -> None:
    said = lines(LOCAL)
    assert said[1] == "queue         3 waiting, 0 in flight"
    for label in ("oldest", "pace", "finished in", "alarms", "today (UTC)"):
        assert f"{label:<14}not known: the local stack has no metrics" in said


def test_json_has_null_and_the_reason_for_what_is_not_known() -> None:
    document = status_document(LOCAL)
    assert (document["pace"], document["alarms_on"], document["dollars_today"]) == (None, None, None)
    assert document["unknown"]["pace"] == "the local stack has no metrics"
    assert document["queue"] == {"waiting": 3, "in_flight": 0}


def test_an_empty_queue_is_finished() -> None:
    empty = replace(BUSY, queue=Depth(visible=0, in_flight=0, delayed=0))
    assert "finished in   nothing is left to do" in lines(empty)


def test_a_queue_that_does_not_move_has_no_end() -> None:
    stuck = replace(BUSY, pace=Pace(oldest_seconds=9000, processed=0, photos_per_second=0, messages_per_second=0))
    assert "finished in   not known: no message was finished in the last 5 min" in lines(stuck)
    assert status_document(stuck)["seconds_left"] is None


def test_a_failure_code_that_is_not_known_is_counted_without_advice() -> None:
    strange = replace(BUSY, failures=FailureCounts(Counter({"new\x1b[31m": 1}), Counter()))
    assert any(line.startswith("new") and "\x1b" not in line for line in lines(strange))


def test_failures_beyond_what_one_query_returns_are_not_hidden() -> None:
    many = replace(BUSY, failures=FailureCounts(Counter({"throttled": 10_000}), Counter(), is_cut=True))
    assert any(line.endswith("only the newest 10,000 failures are counted") for line in lines(many))
