"""SIGKILL at every step of a redrive of 200 dead letters, then the same command again."""

import json
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from processing.failures import FailureCode
from scripts.aws import dlq_reader
from scripts.aws.dlq_reader import read_dlq, wait_until_visible
from scripts.aws.local_endpoint import make_local_client
from scripts.aws.stage import Stage
from scripts.cli.output import Screen
from scripts.dlq.redrive_command import Redrive
from scripts.dlq.send_then_delete import MOVED
from scripts.local_stack.stack import LocalAws
from scripts.sending.journal import Journal
from scripts.sending.sender import SENT
from tests.support.bare_stage import drain, send_all
from tests.support.dead_letters import dead_letter
from tests.support.killed_redrive import (
    VISIBILITY_TIMEOUT_SECONDS,
    make_request,
    make_target,
    run_until_killed,
)

LETTERS = [dead_letter(f"2026/{i:03}.jpg", code=FailureCode.ACCESS_DENIED, message_id=f"m{i}") for i in range(200)]
BATCH = 10
AT_ONCE = 16
NEVER = 1_000_000
# All steps take some minutes. By default: the first and the last of each kind.
EVERY_STEP = bool(os.environ.get("DARKROOM_KILL_AT_EVERY_STEP"))


@dataclass(frozen=True)
class Account:
    """Where every dead letter is after a kill at one step and a second run.

    Attributes:
        step: where the first run was killed, counted from 0.
        exit_code: of the first run.
        in_queue: how often each letter's body is in the queue.
        attributes: the attributes of each body.
        in_dlq: how many are in the DLQ.
        journal: how many dead letters are at each step of the journal.
        reported_twice: how many the second run reports as maybe sent twice.
    """

    step: int
    exit_code: int | None
    in_queue: Counter[str]
    attributes: dict[str, Any]
    in_dlq: int
    journal: dict[str, int]
    reported_twice: int

    @property
    def duplicates(self) -> int:
        return self.in_queue.total() - len(self.in_queue)


@dataclass(frozen=True)
class KillCase:
    """A DLQ with 200 dead letters and a queue, for one kill."""

    target: Stage
    sqs: Any
    journal: Path
    step: int

    def kill(self, endpoint_url: str) -> int | None:
        """Run a redrive that is killed at the step; return its exit code."""
        outputs = self.target.outputs
        queues = (outputs.queue_url, outputs.dead_letter_queue_url)
        arguments = (endpoint_url, *queues, str(self.journal), self.step)
        process = _FORKS.Process(target=run_until_killed, args=arguments)
        process.start()
        process.join()
        return process.exitcode

    def rerun(self, exit_code: int | None) -> Account:
        """Run the same redrive again and count."""
        reported_twice, journal = _rerun(self.target, self.journal)
        arrived = drain(self.sqs, self.target.outputs.queue_url)
        return Account(
            step=self.step,
            exit_code=exit_code,
            in_queue=Counter(message["Body"] for message in arrived),
            attributes={message["Body"]: message["MessageAttributes"] for message in arrived},
            in_dlq=len(drain(self.sqs, self.target.outputs.dead_letter_queue_url)),
            journal=journal,
            reported_twice=reported_twice,
        )


def _set_up(aws: LocalAws, sqs: Any, folder: Path, step: int) -> KillCase:
    queue, dlq = (sqs.create_queue(QueueName=f"q{uuid4().hex}")["QueueUrl"] for _ in range(2))
    send_all(sqs, dlq, LETTERS)
    return KillCase(make_target(aws.endpoint_url, queue, dlq), sqs, folder / f"{step}.journal", step)


RERUNS = 3
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.support.killed_redrive"])


def _rerun(target: Stage, path: Path) -> tuple[int, dict[str, int]]:
    job = Redrive(target, make_request(target, path), Screen())
    maybe_twice = 0
    for _ in range(RERUNS):
        wait_until_visible(target.dlq, Screen())
        with Journal(path) as journal, read_dlq(target.dlq) as reader:
            result = job.execute(job.plan(reader, journal), journal, reader)
            maybe_twice += len(result.moves.sent.maybe_twice)
        if not result.unseen:  # of a request of the killed run that SQS carried out only now
            break
    with Journal(path) as journal:
        return maybe_twice, journal.counts()


def _choose(names: Sequence[str]) -> list[int]:
    """Choose the steps to be killed at."""
    if EVERY_STEP:
        return list(range(len(names)))
    places: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        places.setdefault(name, []).append(number)
    return sorted({found[i] for found in places.values() for i in (0, -1)})


@pytest.fixture(scope="module")
def accounts(bare_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[Account]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dlq_reader, "VISIBILITY_TIMEOUT_SECONDS", VISIBILITY_TIMEOUT_SECONDS)
        patch.setattr(dlq_reader, "WAIT_SECONDS", 0)
        yield _kill_and_rerun(bare_aws, tmp_path_factory)


def _kill_and_rerun(bare_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Sequence[Account]:
    folder, sqs = tmp_path_factory.mktemp("journals"), make_local_client("sqs", bare_aws.endpoint_url)
    assert _set_up(bare_aws, sqs, folder, NEVER).kill(bare_aws.endpoint_url) == 0
    names = json.loads((folder / f"{NEVER}.journal.steps").read_text())
    with ThreadPoolExecutor(AT_ONCE) as threads:  # reruns mostly wait for what the killed run held
        reruns = []
        for step in _choose(names):
            case = _set_up(bare_aws, sqs, folder, step)
            reruns.append(threads.submit(case.rerun, case.kill(bare_aws.endpoint_url)))
        return [rerun.result() for rerun in reruns]


def test_each_run_was_really_killed(accounts: Sequence[Account]) -> None:
    assert {account.exit_code for account in accounts} == {-signal.SIGKILL}
    assert len(accounts) > 30


def test_nothing_is_lost_wherever_the_kill_falls(accounts: Sequence[Account]) -> None:
    everything = {letter["MessageBody"] for letter in LETTERS}
    assert [account.step for account in accounts if set(account.in_queue) != everything] == []
    assert [account.step for account in accounts if account.in_dlq] == []


def test_at_most_what_was_being_sent_is_sent_twice_and_the_rerun_reports_it(accounts: Sequence[Account]) -> None:
    assert max(account.duplicates for account in accounts) == BATCH
    assert [account.step for account in accounts if account.duplicates > account.reported_twice] == []
    assert max(account.reported_twice for account in accounts) == BATCH


def test_the_journal_knows_every_letter_and_misses_at_most_one_group_of_deletions(accounts: Sequence[Account]) -> None:
    assert [account.step for account in accounts if sum(account.journal.values()) != len(LETTERS)] == []
    assert [account.step for account in accounts if not set(account.journal) <= {SENT, MOVED}] == []
    assert max(account.journal.get(SENT, 0) for account in accounts) == BATCH


def test_every_attribute_is_kept(accounts: Sequence[Account]) -> None:
    sent = {letter["MessageBody"]: letter["MessageAttributes"] for letter in LETTERS}
    assert [account.step for account in accounts if account.attributes != sent] == []
