"""Reads from an SQS whose requests take 100 ms and whose visibility timeouts expire."""

import pytest

from processing.failures import FailureCode
from scripts.aws import dlq_reader
from scripts.aws.dlq_reader import read_dlq
from scripts.aws.sqs_queue import SqsQueue
from tests.support.distant_sqs import DLQ, distant_sqs, put_dead_letters


def test_every_letter_of_a_deep_dlq_is_read_once_and_visible_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sqs = distant_sqs(monkeypatch)
    put_dead_letters(sqs, FailureCode.THROTTLED, 3000)
    with read_dlq(SqsQueue(sqs, DLQ)) as reader:  # type: ignore[arg-type]
        ids = [letter.id for letter in reader.dead_letters()]
        assert (len(ids), len(set(ids)), sqs.held(DLQ)) == (3000, 3000, 3000)
    assert (sqs.held(DLQ), reader.shortfall) == (0, "")
    assert sqs.now < 30


def test_held_letters_stay_hidden_while_the_hold_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    sqs = distant_sqs(monkeypatch)
    put_dead_letters(sqs, FailureCode.THROTTLED, 40)
    with read_dlq(SqsQueue(sqs, DLQ)) as reader:  # type: ignore[arg-type]
        reader.keep(list(reader.dead_letters()))
        for _ in range(20):
            sqs.sleep(20)
            reader.hold_longer()
            assert sqs.held(DLQ) == 40


def test_a_kill_hides_nothing_that_is_being_moved_for_more_than_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    sqs = distant_sqs(monkeypatch)
    put_dead_letters(sqs, FailureCode.THROTTLED, 1000)
    with read_dlq(SqsQueue(sqs, DLQ)) as reader:  # type: ignore[arg-type]
        reader.keep(list(reader.dead_letters())[:5])
        assert sqs.held(DLQ) == 5
        sqs.sleep(60)
        assert sqs.held(DLQ) == 0


def test_letters_above_the_quota_in_flight_are_counted_as_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    sqs = distant_sqs(monkeypatch, in_flight_quota=200)
    put_dead_letters(sqs, FailureCode.THROTTLED, 250)
    with read_dlq(SqsQueue(sqs, DLQ)) as reader:  # type: ignore[arg-type]
        assert len(list(reader.dead_letters())) == 200
    assert reader.shortfall == "SQS says about 250; 200 were read: about 50 were not seen."
    assert sqs.held(DLQ) == 0


def test_a_letter_that_comes_twice_because_its_hold_has_ended_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sqs = distant_sqs(monkeypatch, latency_seconds=0.5)
    monkeypatch.setattr(dlq_reader, "VISIBILITY_TIMEOUT_SECONDS", 1)
    put_dead_letters(sqs, FailureCode.THROTTLED, 90)
    with read_dlq(SqsQueue(sqs, DLQ)) as reader:  # type: ignore[arg-type]
        ids = [letter.id for letter in reader.dead_letters()]
    assert len(ids) == len(set(ids)) > 10
    assert sqs.calls["ReceiveMessage"] < 200


def test_a_reading_holds_no_more_than_sqs_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    sqs = distant_sqs(monkeypatch, in_flight_quota=1000)
    monkeypatch.setattr(dlq_reader, "MAX_IN_FLIGHT", 200)
    put_dead_letters(sqs, FailureCode.THROTTLED, 900)
    with read_dlq(SqsQueue(sqs, DLQ)) as reader:  # type: ignore[arg-type]
        assert len(list(reader.dead_letters())) < 900
    assert "SQS keeps at most 200 in flight." in reader.shortfall
    assert sqs.calls["ReceiveMessage"] < 200
