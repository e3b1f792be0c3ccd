"""`redrive --canary` and `--verify` on a local AWS."""

import json
import time
from collections.abc import Sequence
from typing import Any

import pytest

from processing.failures import FailureCode
from processing.s3_events import parse_message
from scripts.aws.sqs_message import StoredMessage
from scripts.aws.sqs_queue import BatchOutcome, Depth, SqsQueue
from tests.support.bare_stage import BareStage, fill_dlq
from tests.support.command_line import CommandLine
from tests.support.dlq_stage import DENIED, denied_sources, depth, in_dlq, wait_until
from tests.support.fake_function import fake_function, store_outputs


def etag_of(letter: dict[str, Any]) -> str:
    (source,) = parse_message(letter["MessageBody"])
    return source.etag


def test_a_canary_that_fails_stops_the_redrive_and_says_which_code_came_back(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    fill_dlq(bare_stage, denied_sources(bare_stage))
    failing = {f"2026/{i}.jpg": FailureCode.ACCESS_DENIED for i in range(12)}
    with fake_function(bare_stage, failing) as handled:
        said = dlq("redrive", "--canary", "2", "--execute")
    assert said.code == 3
    assert len(handled) == 2
    assert said.lines[-1] == "Stopped after the canary (came back: access-denied 2). Not touched: 10 dead letters."
    assert len(in_dlq(bare_stage)) == 12


def test_a_canary_that_succeeds_lets_the_rest_go_and_every_outcome_is_verified(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    fill_dlq(bare_stage, denied_sources(bare_stage))
    with fake_function(bare_stage, {}) as handled:
        said = dlq("redrive", "--canary", "2", "--verify", "--execute", "--json")
    assert said.code == 0
    assert len(handled) == 12
    document = json.loads(said.out)
    assert document["moved"] == 12
    assert document["outcomes"] == {"counts": {"processed": 12}, "failures": [], "waiting": []}


def test_a_canary_that_would_prove_nothing_stops_the_redrive_before_it_begins(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    fill_dlq(bare_stage, DENIED)  # their sources are gone
    said = dlq("redrive", "--canary", "2", "--verify", "--execute")
    assert said.code == 3
    assert said.lines[-1].startswith("Stopped: the canary proved nothing,")
    assert said.lines[-1].endswith(" Not touched: 12 dead letters.")
    assert len(in_dlq(bare_stage)) == 12


def test_a_canary_is_a_photo_that_is_there_and_still_to_be_made(dlq: CommandLine, bare_stage: BareStage) -> None:
    real = denied_sources(bare_stage)
    store_outputs(bare_stage.client("s3"), bare_stage.target.outputs.output_bucket, "2026/0.jpg", etag_of(real[0]))
    fill_dlq(bare_stage, [*DENIED, *real[:2]])
    with fake_function(bare_stage, {"2026/1.jpg": FailureCode.ACCESS_DENIED}) as handled:
        said = dlq("redrive", "--canary", "1", "--execute")
    assert (said.code, handled) == (3, ["2026/1.jpg"])


def test_verify_names_what_failed_again(dlq: CommandLine, bare_stage: BareStage) -> None:
    fill_dlq(bare_stage, denied_sources(bare_stage))
    with fake_function(bare_stage, {"2026/7.jpg": FailureCode.TOO_SLOW}):
        said = dlq("redrive", "--verify", "--execute")
    assert said.code == 2
    assert [" ".join(line.split()) for line in said.lines[1:8]] == [
        "",
        "Outcomes:",
        "outcome photos",
        "processed 11",
        "dead-lettered 1",
        "",
        "code photos what to do examples",
    ]
    assert said.lines[8].startswith("too-slow       1  ")
    assert said.lines[8].endswith("  2026/7.jpg")


def test_verify_that_ran_out_of_time_goes_on_when_the_command_is_given_again(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    fill_dlq(bare_stage, denied_sources(bare_stage)[:2])
    said = dlq("redrive", "--verify", "--wait", "1s", "--execute")
    assert said.code == 3
    assert "No outcome in time; give the command again to go on waiting:" in said.lines
    with fake_function(bare_stage, {}):
        said = dlq("redrive", "--verify", "--execute")
    assert (said.code, said.lines[-1]) == (0, "Verified 2 of 2.")


def test_what_came_back_and_is_redriven_again_is_counted_once_and_no_longer_waited_for(
    dlq: CommandLine, bare_stage: BareStage
) -> None:
    fill_dlq(bare_stage, denied_sources(bare_stage))
    with fake_function(bare_stage, {f"2026/{i}.jpg": FailureCode.ACCESS_DENIED for i in range(12)}) as handled:
        dlq("redrive", "--max", "4", "--execute")
        wait_until(lambda: len(handled) == 4)
        assert "of earlier runs" not in dlq("redrive", "--verify").out
        started = time.monotonic()
        said = dlq("redrive", "--verify", "--execute", "--json")
        assert json.loads(said.out)["outcomes"]["counts"] == {"dead-lettered": 12}
        assert json.loads(said.out)["outcomes_of_earlier_runs"]["counts"] == {}
        assert time.monotonic() - started < 30
    with fake_function(bare_stage, {}):
        said = dlq("redrive", "--verify", "--execute")
    assert (said.code, said.lines[-1]) == (0, "Verified 12 of 12.")


def test_the_outcomes_of_earlier_runs_are_told_apart(dlq: CommandLine, bare_stage: BareStage) -> None:
    fill_dlq(bare_stage, denied_sources(bare_stage))
    dlq("redrive", "--max", "4", "--execute")
    with fake_function(bare_stage, {}):
        said = dlq("redrive", "--verify", "--execute")
    assert said.code == 0
    assert [" ".join(line.split()) for line in said.lines[2:]] == [
        "Outcomes of 8:",
        "outcome photos",
        "processed 8",
        "",
        "and of 4 of earlier runs:",
        "outcome photos",
        "processed 4",
        "",
        "Verified 12 of 12.",
    ]


def test_a_redrive_that_was_interrupted_after_its_canary_proves_all_of_it_when_it_is_given_again(
    dlq: CommandLine, bare_stage: BareStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_dlq(bare_stage, denied_sources(bare_stage))
    command, send = ("redrive", "--canary", "3", "--verify", "--execute"), SqsQueue.send

    def send_the_canary_only(queue: SqsQueue, messages: Sequence[StoredMessage]) -> BatchOutcome:
        if len(messages) > 3:
            raise KeyboardInterrupt
        return send(queue, messages)

    with fake_function(bare_stage, {}) as handled:
        monkeypatch.setattr(SqsQueue, "send", send_the_canary_only)
        said = dlq(*command)
        assert said.code == 130
        assert "3 of 12 dead letters redriven; the others are still in the DLQ." in said.err
        assert depth(bare_stage) == Depth(visible=9, in_flight=0, delayed=0)
        monkeypatch.setattr(SqsQueue, "send", send)
        said = dlq(*command)
    assert (said.code, said.lines[-1]) == (0, "Verified 12 of 12: 3 canaries, 9 others.")
    assert len(handled) == 12
