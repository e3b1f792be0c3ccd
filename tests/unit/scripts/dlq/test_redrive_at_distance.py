"""Redrives from an SQS whose requests take 100 ms and whose visibility timeouts expire."""

from pathlib import Path

import pytest

from processing.failures import FailureCode
from scripts.cli.output import Screen
from scripts.dlq.redrive_command import redrive
from scripts.dlq.selection import Selection
from tests.support.distant_sqs import (
    DLQ,
    QUEUE,
    DistantSqs,
    distant_sqs,
    distant_stage,
    put_dead_letters,
    redrive_request,
)

THROTTLED = Selection(codes=[FailureCode.THROTTLED])


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> DistantSqs:
    return distant_sqs(monkeypatch)


def sent(sqs: DistantSqs) -> list[str]:
    return sorted(letter.message["Body"] for letter in sqs.queues[QUEUE].letters.values())


def execute(sqs: DistantSqs, folder: Path) -> int:
    """Redrive the throttled ones."""
    return redrive(distant_stage(sqs), redrive_request(folder / "j", selection=THROTTLED), Screen(), execute=True)


def test_a_filtered_redrive_finds_50_of_8050_within_a_minute_wherever_they_lie(sqs: DistantSqs, tmp_path: Path) -> None:
    put_dead_letters(sqs, FailureCode.CORRUPT_IMAGE, 8000)
    wanted = put_dead_letters(sqs, FailureCode.THROTTLED, 50)
    assert execute(sqs, tmp_path) == 0
    assert sent(sqs) == sorted(wanted)
    assert sqs.now < 60
    assert (len(sqs.queues[DLQ].letters), sqs.held(DLQ)) == (8000, 0)


def test_a_redrive_fills_its_send_batches(sqs: DistantSqs, tmp_path: Path) -> None:
    put_dead_letters(sqs, FailureCode.CORRUPT_IMAGE, 500)
    put_dead_letters(sqs, FailureCode.THROTTLED, 50)
    execute(sqs, tmp_path)
    assert (sqs.calls["SendMessageBatch"], sqs.calls["DeleteMessageBatch"]) == (5, 5)
