"""`npm run dlq -- redrive` on a local AWS."""

import re
import time

from scripts.aws.sqs_queue import Depth
from scripts.sending import journal
from tests.support.bare_stage import BareStage, drain, fill_dlq
from tests.support.command_line import CommandLine
from tests.support.dlq_stage import CORRUPT, DENIED, bodies, depth, in_dlq, in_queue, with_names


def test_a_dry_run_of_a_redrive_says_line_by_line_what_would_be_done_and_does_nothing(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    ids = fill_dlq(bare_stage, [DENIED[0], CORRUPT[0]])
    said = dlq("redrive", "--code", "access-denied", "--rate", "10/s", "--canary", "3", "--verify")
    assert said.code == 0
    shown = re.sub(r"denied  \d+ s", "denied  0 s", said.out)  # a busy machine takes its time
    assert with_names(shown, bare_stage, ids) == [
        "Dry run: nothing was sent or deleted. Add --execute to act.",
        "To redrive: 1 of 2 dead letters (code access-denied), from STAGE-dead-letters to STAGE-photos, "
        "10 a second at most: about 0 s.",
        "",
        "action id code age key",
        "send, then delete id-0 access-denied 0 s 2026/0.jpg",
        "",
        "1 stay: 1 of another code.",
        "A canary of 1 goes first; the rest only if all of it goes well.",
        "Then every outcome is waited for, 30 min at most.",
    ]
    assert depth(bare_stage) == Depth(visible=2, in_flight=0, delayed=0)
    assert in_queue(bare_stage) == []
    assert not journal.JOURNALS.exists()


def test_a_redrive_moves_exactly_what_is_meant_with_all_attributes(dlq: CommandLine, bare_stage: BareStage) -> None:
    fill_dlq(bare_stage, DENIED + CORRUPT)
    said = dlq("redrive", "--code", "access-denied", "--execute")
    assert (said.code, said.lines) == (0, [f"Redrove 12 dead letters to {bare_stage.name}-photos."])
    moved = in_queue(bare_stage)
    assert bodies(moved) == bodies(DENIED)
    assert [message["MessageAttributes"] for message in sorted(moved, key=lambda m: str(m["Body"]))] == [
        letter["MessageAttributes"] for letter in sorted(DENIED, key=lambda m: str(m["MessageBody"]))
    ]
    assert bodies(in_dlq(bare_stage)) == bodies(CORRUPT)


def test_a_whole_queue_is_moved_letter_by_letter_where_the_service_has_no_move_task(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    fill_dlq(bare_stage, DENIED)
    assert "message move task" not in dlq("redrive").out
    assert dlq("redrive", "--execute").code == 0
    assert bodies(in_queue(bare_stage)) == bodies(DENIED)
    assert in_dlq(bare_stage) == []


def test_permanent_failures_stay_unless_all_are_asked_for(dlq: CommandLine, bare_stage: BareStage) -> None:
    fill_dlq(bare_stage, DENIED + CORRUPT)
    assert "3 stay: 3 permanent (take them with --code or --all)." in dlq("redrive").lines
    assert dlq("redrive", "--execute").code == 0
    assert bodies(in_queue(bare_stage)) == bodies(DENIED)
    assert bodies(in_dlq(bare_stage)) == bodies(CORRUPT)


def test_a_redrive_of_permanent_failures_repeats_its_caution_when_it_acts(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    fill_dlq(bare_stage, CORRUPT)
    said = dlq("redrive", "--all", "--execute")
    assert "Caution: these are permanent failures and come back unless the cause is fixed:" in said.err
    assert bodies(in_queue(bare_stage)) == bodies(CORRUPT)


def test_a_maximum_moves_the_oldest_and_the_rest_stays_visible(dlq: CommandLine, bare_stage: BareStage) -> None:
    fill_dlq(bare_stage, DENIED[:2])
    time.sleep(0.02)  # SQS's timestamps are in milliseconds
    fill_dlq(bare_stage, DENIED[2:])
    assert dlq("redrive", "--max", "2", "--execute").code == 0
    assert bodies(in_queue(bare_stage)) == bodies(DENIED[:2])
    assert depth(bare_stage) == Depth(visible=10, in_flight=0, delayed=0)


def test_a_redrive_can_go_to_another_queue_by_its_name(dlq: CommandLine, bare_stage: BareStage) -> None:
    sqs = bare_stage.client("sqs")
    url = sqs.create_queue(QueueName=f"{bare_stage.name}-aside")["QueueUrl"]
    fill_dlq(bare_stage, CORRUPT)
    assert dlq("redrive", "--to", f"{bare_stage.name}-aside", "--all", "--execute").code == 0
    assert bodies(drain(sqs, url)) == bodies(CORRUPT)


def test_a_redrive_that_matches_nothing_says_why(dlq: CommandLine, bare_stage: BareStage) -> None:
    fill_dlq(bare_stage, CORRUPT)
    said = dlq("redrive", "--code", "throttled", "--execute")
    assert (said.code, said.lines) == (
        0,
        [
            f"Nothing to redrive: 3 dead letters in {bare_stage.name}-dead-letters, 0 match (code throttled).",
            "3 stay: 3 of another code.",
        ],
    )
