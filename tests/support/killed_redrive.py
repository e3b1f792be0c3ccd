"""A redrive in a child process that kills itself with SIGKILL at a given step.

A step is the moment before or after each call to AWS and before or after each journal entry.
"""

import json
import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import boto3

from scripts.aws import dlq_reader
from scripts.aws.move_tasks import MoveTasks
from scripts.aws.stack_outputs import StackOutputs
from scripts.aws.stage import Stage
from scripts.cli.output import Screen
from scripts.dlq.redrive_command import Redrive
from scripts.dlq.redrive_plan import RedriveRequest
from scripts.dlq.selection import Selection
from scripts.sending import sender
from scripts.sending.journal import Journal, JournalEntry

VISIBILITY_TIMEOUT_SECONDS = 6  # half of it outlasts a run, so that no renewal is an extra step


class Steps:
    """Records the steps' names and kills the process at step `kill_at`, counted from 0."""

    def __init__(self, kill_at: int) -> None:
        self.names: list[str] = []
        self._kill_at = kill_at

    def take(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) > self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def before_call(self, model: Any, **_: Any) -> None:
        self.take(f"before {model.name}")

    def after_call(self, model: Any, **_: Any) -> None:
        self.take(f"after {model.name}")


class RecordingJournal(Journal):
    """A journal that records each write as a step."""

    def __init__(self, path: Path, steps: Steps) -> None:
        super().__init__(path)
        self._steps = steps

    def record(self, entries: Iterable[JournalEntry]) -> None:
        listed = list(entries)
        self._steps.take(f"before journaling {listed[0].step}")
        super().record(listed)
        self._steps.take(f"after journaling {listed[0].step}")


def make_target(endpoint_url: str, queue_url: str, dead_letter_queue_url: str) -> Stage:
    """Make a stage with two queues and no other resources."""
    names = dict.fromkeys(StackOutputs.__annotations__, "unused")
    outputs = StackOutputs(**names | {"queue_url": queue_url, "dead_letter_queue_url": dead_letter_queue_url})
    session = boto3.Session("test", "test", region_name="us-east-1")
    return Stage(name="test", outputs=outputs, session=session, endpoint_url=endpoint_url)


def make_request(target: Stage, journal: Path) -> RedriveRequest:
    """Request all dead letters, without a message move task."""
    return RedriveRequest(
        selection=Selection(), most=None, per_second=None, to=target.outputs.queue_url, canary=0, verify=False,
        journal=journal,
    )  # fmt: skip


def run_until_killed(endpoint_url: str, queue_url: str, dlq_url: str, journal: str, kill_at: int) -> None:
    """Run the redrive until it ends or is killed; write the steps of a whole run."""
    dlq_reader.VISIBILITY_TIMEOUT_SECONDS, dlq_reader.WAIT_SECONDS = VISIBILITY_TIMEOUT_SECONDS, 0
    dlq_reader.THREADS = sender.BATCHES_AT_ONCE = 1  # the same steps in every run
    target, steps = make_target(endpoint_url, queue_url, dlq_url), Steps(kill_at)
    target.sqs.meta.events.register("before-call.sqs", steps.before_call)
    target.sqs.meta.events.register("after-call.sqs", steps.after_call)
    job = Redrive(target, make_request(target, Path(journal)), Screen())
    can_use_move_task = MoveTasks(target.sqs, target.dlq.arn).is_available()
    with RecordingJournal(Path(journal), steps) as opened, dlq_reader.read_dlq(target.dlq) as reader:
        job.execute(job.plan(reader, opened, can_use_move_task=can_use_move_task), opened, reader)
    Path(f"{journal}.steps").write_text(json.dumps(steps.names))
