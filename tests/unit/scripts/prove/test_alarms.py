from types import SimpleNamespace
from typing import Any

import pytest

from scripts.prove import alarms
from scripts.stage_rules.facts import AlarmFacts


class AlarmHistory:
    """A CloudWatch client whose alarms act, but for the silent ones."""

    def __init__(self, *silent: str) -> None:
        self.silent = silent
        self.states: list[tuple[str, str]] = []

    def set_alarm_state(self, *, AlarmName: str, StateValue: str, StateReason: str) -> None:  # noqa: N803 (boto3's names)
        assert "nothing is wrong" in StateReason
        self.states.append((AlarmName, StateValue))

    def describe_alarm_history(self, *, AlarmName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        acted = "Successfully executed action arn:topic"
        return {"AlarmHistoryItems": [] if AlarmName in self.silent else [{"HistorySummary": acted}]}


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> AlarmHistory:
    client = AlarmHistory("silent")
    monkeypatch.setattr(alarms, "make_client", lambda *_: client)
    monkeypatch.setattr(alarms, "HISTORY_SECONDS", 0.01)
    monkeypatch.setattr("scripts.prove.alarms.time.sleep", lambda _: None)
    return client


def ring(*names: str, has_history: bool = True) -> list[str]:
    stage: Any = SimpleNamespace(session=None, endpoint_url=None)
    facts = [AlarmFacts(name=name, is_armed=True, actions=("arn:topic",), state="OK") for name in names]
    return alarms.ring_all(stage, facts, has_history=has_history)


def test_an_alarm_that_notifies_is_no_problem(cloudwatch: AlarmHistory) -> None:
    assert ring("loud") == []


def test_an_alarm_that_notifies_nobody_is_told(cloudwatch: AlarmHistory) -> None:
    assert ring("loud", "silent") == ["The alarm silent was set off, and notified nobody."]


def test_every_alarm_is_set_off_and_back(cloudwatch: AlarmHistory) -> None:
    ring("loud", "silent")
    assert cloudwatch.states == [("loud", "ALARM"), ("silent", "ALARM"), ("loud", "OK"), ("silent", "OK")]


def test_a_local_aws_that_records_no_action_is_no_problem(cloudwatch: AlarmHistory) -> None:
    assert ring("silent", has_history=False) == []
    assert cloudwatch.states == [("silent", "ALARM"), ("silent", "OK")]
