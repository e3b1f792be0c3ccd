from collections import Counter
from dataclasses import replace
from pathlib import Path

from processing.failures import FailureCode
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, EXIT_STOPPED
from scripts.cli.output import plain_lines
from scripts.dlq.outcomes import WAITING, Outcomes, PhotoOutcome
from scripts.dlq.redrive_plan import RedrivePlan, RedriveRequest, plan_actions
from scripts.dlq.redrive_report import RedriveResult
from scripts.dlq.selection import Selection
from scripts.dlq.send_then_delete import MoveResult
from scripts.sending.sender import SendResult
from tests.support.dead_letters import received

REQUEST = RedriveRequest(
    selection=Selection(), most=None, per_second=None, to="", canary=0, verify=False, journal=Path("j")
)
ADVICE = FailureCode.TOO_SLOW.what_to_do
PLAN = RedrivePlan(
    source="dlq",
    destination="photos",
    request=REQUEST,
    actions=plan_actions([received("a"), received("b")], {}),
    left=Counter(),
    in_flight=0,
    unseen=0,
    pending=0,
    by_move_task=False,
)
BACK = PhotoOutcome(item="a", key="x\n.jpg", outcome="dead-lettered", code="too-slow")
FINE = PhotoOutcome(item="b", key="y.jpg", outcome="processed")


def test_a_clean_redrive_is_one_line() -> None:
    result = RedriveResult(MoveResult(moved={"a", "b"}, sent=SendResult(new_ids={"a": "1", "b": "2"})))
    assert plain_lines(result.report(PLAN)) == ["Redrove 2 dead letters to photos."]
    assert result.exit_code == EXIT_OK


def test_duplicates_are_reported_and_no_failure() -> None:
    result = RedriveResult(
        MoveResult(moved={"a", "b"}, sent=SendResult(new_ids={"b": "2"}, earlier={"a"}, maybe_twice={"b"}))
    )
    assert plain_lines(result.report(PLAN))[1:] == [
        "1 of them had been sent by an earlier run and were only deleted.",
        "1 may have been sent twice, because an earlier run was cut off while it sent them.",
        "That is harmless: the second one is reported as a duplicate.",
    ]
    assert result.exit_code == EXIT_OK
    assert result.to_document(PLAN)["maybe_sent_twice"] == ["b"]


def test_whatever_did_not_go_through_is_reported_with_its_reason() -> None:
    moves = MoveResult(
        sent=SendResult(refused={"a": "InvalidMessageContents"}), not_deleted={"b": "InternalError"}, missing={"c", "d"}
    )
    assert plain_lines(RedriveResult(moves).report(PLAN)) == [
        "Redrove 0 dead letters to photos.",
        "1 stay in the DLQ, because SQS refused to take them (InvalidMessageContents).",
        "1 were sent but not deleted: give the command again (InternalError).",
        "2 are still in the DLQ: give the command again.",
    ]
    assert RedriveResult(moves).exit_code == EXIT_SOME_FAILED


def test_letters_that_were_not_seen_are_counted_and_no_success() -> None:
    result = RedriveResult(MoveResult(moved={"a", "b"}), unseen=7)
    assert plain_lines(result.report(PLAN))[-1] == (
        "About 7 more were not seen and are no part of this: give the command again."
    )
    assert result.exit_code == EXIT_SOME_FAILED


def test_a_failed_canary_says_which_code_came_back_and_how_many_were_spared() -> None:
    result = RedriveResult(MoveResult(moved={"a"}), Outcomes([BACK]), untouched=36)
    assert plain_lines(result.report(PLAN)) == [
        "Redrove 1 dead letter to photos.",
        "",
        "Outcomes of the canary:",
        "outcome        photos",
        "dead-lettered       1",
        "",
        f"code      photos  {'what to do':<{len(ADVICE)}}  examples",
        f"too-slow       1  {ADVICE}  x\\n.jpg",
        "",
        "Stopped after the canary (came back: too-slow 1). Not touched: 36 dead letters.",
    ]
    assert result.exit_code == EXIT_STOPPED


def test_a_canary_without_an_outcome_stops_too() -> None:
    result = RedriveResult(MoveResult(moved={"a"}), Outcomes([replace(FINE, outcome=WAITING)]), untouched=1)
    assert plain_lines(result.report(PLAN))[-1] == (
        "Stopped after the canary (not all of it has an outcome). Not touched: 1 dead letter."
    )
    assert result.exit_code == EXIT_STOPPED


def test_failures_among_the_outcomes_and_what_still_waits_have_exit_codes_of_their_own() -> None:
    moves = MoveResult(moved={"a", "b"})
    assert RedriveResult(moves, Outcomes([BACK, FINE])).exit_code == EXIT_SOME_FAILED
    assert RedriveResult(moves, Outcomes([FINE, replace(BACK, outcome=WAITING, code="")])).exit_code == EXIT_STOPPED
    assert RedriveResult(moves, Outcomes([FINE])).exit_code == EXIT_OK


def test_outcomes_of_earlier_runs_have_a_table_of_their_own() -> None:
    plan, earlier = replace(PLAN, request=replace(REQUEST, verify=True)), replace(FINE, item="older")
    result = RedriveResult(MoveResult(moved={"b"}), Outcomes([FINE, earlier]))
    assert plain_lines(result.report(plan))[2::4] == ["Outcomes of 1:", "and of 1 of earlier runs:", "Verified 2 of 2."]
    document = result.to_document(plan)
    assert document["outcomes"]["counts"] == document["outcomes_of_earlier_runs"]["counts"] == {"processed": 1}


def test_all_of_a_redrive_is_verified_its_canaries_included() -> None:
    plan = replace(PLAN, request=replace(REQUEST, verify=True, canary=1))
    canary, back = replace(FINE, item="c", is_canary=True), replace(BACK, item="d")
    line = plain_lines(RedriveResult(outcomes=Outcomes([canary, FINE, back])).report(plan))[-1]
    assert line == "Verified 2 of 3: 1 canary, 2 others."


def test_an_interrupt_says_how_far_a_redrive_came() -> None:
    result = RedriveResult(MoveResult(moved={"a"}, sent=SendResult(new_ids={"a": "1", "b": "2"})))
    assert result.so_far(8) == (
        "1 of 8 dead letters redriven; the others are still in the DLQ. 1 more were sent and not yet deleted."
    )


def test_a_canary_whose_photos_needed_nothing_any_more_proved_nothing() -> None:
    result = RedriveResult(MoveResult(moved={"a"}), Outcomes([replace(FINE, outcome="gone")]), untouched=11)
    assert not result.proves_success
    line = plain_lines(result.report(PLAN))[-1]
    assert line.startswith("Stopped: the canary proved nothing, ")
    assert line.endswith(" Not touched: 11 dead letters.")
    assert result.exit_code == EXIT_STOPPED


def test_a_canary_that_could_not_be_moved_is_told_as_that() -> None:
    result = RedriveResult(MoveResult(missing={"a"}), untouched=2)
    assert plain_lines(result.report(PLAN))[-1] == (
        "Stopped after the canary (not all of it was moved). Not touched: 2 dead letters."
    )


def test_a_canary_that_proves_nothing_is_no_reason_to_leave_it_out() -> None:
    assert "--canary" not in str(plain_lines(RedriveResult(untouched=2).report(PLAN)))
