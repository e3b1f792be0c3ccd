"""Set each alarm of a stage off by hand, and see that CloudWatch carried out its action."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from scripts.aws.stage import Stage, make_client
from scripts.stage_rules.facts import AlarmFacts

HISTORY_SECONDS = 30.0
NO_HISTORY = "Each alarm was set off. Whether its topic was notified is not known: a local AWS does not record it."
REASON = "Set by npm run prove: nothing is wrong. It returns to its own state by itself."


def ring_all(stage: Stage, alarms: Sequence[AlarmFacts], *, has_history: bool = True) -> list[str]:
    """Set each alarm to ALARM; return a sentence for each whose action did not run.

    Without CloudWatch's history of actions, which a local AWS does not keep, nothing is returned.

    The alarm's next evaluation, a few minutes later at most, returns it to its own state (CloudWatch API Reference,
    SetAlarmState).
    """
    cloudwatch, since = make_client(stage.session, "cloudwatch", stage.endpoint_url), datetime.now(UTC)
    for alarm in alarms:
        cloudwatch.set_alarm_state(AlarmName=alarm.name, StateValue="ALARM", StateReason=REASON)
    silent = {alarm.name for alarm in alarms}
    end = time.monotonic() + HISTORY_SECONDS
    while silent and time.monotonic() < end:
        silent -= {name for name in silent if _has_acted(cloudwatch, name, since)}
        if not has_history:
            break
        time.sleep(1)
    for alarm in alarms:
        cloudwatch.set_alarm_state(AlarmName=alarm.name, StateValue="OK", StateReason=REASON)
    return [f"The alarm {name} was set off, and notified nobody." for name in sorted(silent) if has_history]


def _has_acted(cloudwatch: Any, name: str, since: datetime) -> bool:
    answer = cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action", StartDate=since)
    return any("Successfully executed action" in item["HistorySummary"] for item in answer["AlarmHistoryItems"])
