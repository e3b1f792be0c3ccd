"""SIGKILL and Ctrl-C in each phase of `npm run dlq`, against an SQS far away; then the same command again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from processing.failures import FailureCode
from scripts.bench.distant_aws import STAGE, DistantAws, DistantPlan, distant_aws
from scripts.cli.repository import REPOSITORY

CHOSEN, OTHERS = 330, 270
HOLD_SECONDS = 4
IN_DOUBT = 160
# The commands with a shorter hold, because a rerun waits for what a killed run had received.
COMMAND = f"""
from pathlib import Path
import sys
from scripts.aws import dlq_reader
from scripts.cli.command_line import main
from scripts.dlq.__main__ import app
from scripts.sending import journal
dlq_reader.VISIBILITY_TIMEOUT_SECONDS, dlq_reader.MIN_PER_SECOND = {HOLD_SECONDS}, 10_000
journal.JOURNALS = Path(sys.argv.pop(1))
main(app, "npm run dlq --")
"""
READING, GIVING_BACK = ("ReceiveMessage", 30), ("ChangeMessageVisibilityBatch", 5)
SENDING, DELETING = ("SendMessageBatch", 3), ("DeleteMessageBatch", 3)
REDRIVE = ("redrive", "--code", "throttled", "--execute", "--json")


@pytest.fixture
def aws() -> Iterator[DistantAws]:
    letters = {FailureCode.THROTTLED: CHOSEN, FailureCode.CORRUPT_IMAGE: OTHERS}
    with distant_aws(DistantPlan(0.1, letters)) as aws:
        yield aws


def start(aws: DistantAws, folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", COMMAND, str(folder), *arguments, "--stage", STAGE]
    environment = os.environ | aws.environment
    return subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def stop(aws: DistantAws, folder: Path, phase: tuple[str, int], number: int, *arguments: str) -> tuple[int, str]:
    """Send a signal to a command once it has made so many calls; return its exit code and stderr."""
    operation, calls = phase
    calls += aws.count_calls()[operation]
    with start(aws, folder, *arguments) as process:
        end = time.monotonic() + 60
        while aws.count_calls()[operation] < calls:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end
            time.sleep(0.01)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    return process.returncode, said


def finish(aws: DistantAws, folder: Path, *arguments: str) -> dict[str, object]:
    """Run a command to its end; return its JSON."""
    with start(aws, folder, *arguments) as process:
        out, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    return dict(json.loads(out))


def assert_nothing_lost(aws: DistantAws) -> None:
    queues = aws.count()
    bodies = set(queues["photos"].bodies) | set(queues["dead-letters"].bodies)
    assert len(bodies) == CHOSEN + OTHERS


def assert_visible_after_the_hold(aws: DistantAws) -> None:
    time.sleep(HOLD_SECONDS + 0.5)
    assert aws.count()["dead-letters"].in_flight == 0


@pytest.mark.parametrize("phase", [READING, GIVING_BACK])
def test_a_list_that_was_killed_hides_nothing_longer_than_its_hold(
    aws: DistantAws, tmp_path: Path, phase: tuple[str, int]
) -> None:
    assert stop(aws, tmp_path, phase, signal.SIGKILL, "list")[0] == -signal.SIGKILL
    assert_visible_after_the_hold(aws)
    assert finish(aws, tmp_path, "list", "--json")["count"] == CHOSEN + OTHERS


@pytest.mark.parametrize("phase", [READING, GIVING_BACK, SENDING, DELETING])
def test_a_redrive_that_was_killed_loses_nothing_and_is_finished_by_the_next_run(
    aws: DistantAws, tmp_path: Path, phase: tuple[str, int]
) -> None:
    assert stop(aws, tmp_path, phase, signal.SIGKILL, *REDRIVE)[0] == -signal.SIGKILL
    assert_nothing_lost(aws)
    assert_visible_after_the_hold(aws)
    document = finish(aws, tmp_path, *REDRIVE)
    sent, left = (aws.count()[name] for name in ("photos", "dead-letters"))
    assert (len(sent.bodies), left.bodies.total(), left.in_flight) == (CHOSEN, OTHERS, 0)
    twice = sent.bodies.total() - CHOSEN
    assert twice <= len(document["maybe_sent_twice"]) <= IN_DOUBT  # type: ignore[arg-type]


@pytest.mark.parametrize("phase", [READING, DELETING])
def test_a_purge_that_was_killed_deletes_nothing_else_and_is_finished_by_the_next_run(
    aws: DistantAws, tmp_path: Path, phase: tuple[str, int]
) -> None:
    file = str(tmp_path / "bad.jsonl")
    finish(aws, tmp_path, "export", file, "--code", "throttled", "--json")
    purge = ("purge", file, "--execute", "--yes-delete", str(CHOSEN), "--json")
    assert stop(aws, tmp_path, phase, signal.SIGKILL, *purge)[0] == -signal.SIGKILL
    assert_visible_after_the_hold(aws)
    finish(aws, tmp_path, *purge)
    left = aws.count()["dead-letters"]
    assert (left.bodies.total(), left.in_flight) == (OTHERS, 0)


def test_an_import_that_was_killed_loses_nothing_and_is_finished_by_the_next_run(
    aws: DistantAws, tmp_path: Path
) -> None:
    file = str(tmp_path / "bad.jsonl")
    finish(aws, tmp_path, "export", file, "--code", "throttled", "--json")
    command = ("import", file, "--execute", "--json")
    assert stop(aws, tmp_path, SENDING, signal.SIGKILL, *command)[0] == -signal.SIGKILL
    finish(aws, tmp_path, *command)
    sent = aws.count()["photos"].bodies
    assert len(sent) == CHOSEN
    assert sent.total() <= CHOSEN + IN_DOUBT


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        (READING, ["Interrupted while reading: ", "Nothing was sent or deleted."]),
        (
            GIVING_BACK,
            [
                "Interrupted while making visible again: ",
                "0 of 330 dead letters redriven; the others are still in the DLQ.",
            ],
        ),
        (SENDING, ["Interrupted while redriving: ", " of 330 dead letters redriven; the others are still in the DLQ."]),
    ],
)
def test_ctrl_c_says_how_far_a_redrive_came_and_hides_nothing(
    aws: DistantAws, tmp_path: Path, phase: tuple[str, int], words: list[str]
) -> None:
    code, said = stop(aws, tmp_path, phase, signal.SIGINT, *REDRIVE)
    assert code == 130
    assert [part for part in words if part not in said] == [], said
    assert_nothing_lost(aws)
    assert aws.count()["dead-letters"].in_flight == 0
