"""The alarms of a stage that are on."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from scripts.aws.stack_outputs import SERVICE
from scripts.aws.stage import Stage

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import MetricAlarmTypeDef

_FIRST_COMMAND = re.compile(r"First: `([^`]+)`")


@dataclass(frozen=True)
class AlarmOn:
    """An alarm in the state ALARM.

    Attributes:
        name: without the stage's prefix.
        since: of the state.
        first_command: from its description; empty if that names none.
    """

    name: str
    since: datetime
    first_command: str


@dataclass(frozen=True)
class Alarms:
    """The alarms of a stage: those that are on, and the number of metrics that all of them watch."""

    on: list[AlarmOn]
    metrics: int


def read_alarms(stage: Stage) -> Alarms:
    """Read the stage's alarms: those with its prefix that notify its alarm topic."""
    prefix = f"{SERVICE}-{stage.name}-"
    pages = stage.cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
    # The prefix alone would also find the alarms of a stage named `prod-eu`.
    alarms = [
        alarm
        for page in pages
        for alarm in page.get("MetricAlarms", [])
        if stage.outputs.alarm_topic_arn in alarm.get("AlarmActions", [])
    ]
    on = [_alarm_on(alarm, prefix) for alarm in alarms if alarm.get("StateValue") == "ALARM"]
    return Alarms(sorted(on, key=lambda alarm: alarm.since), sum(map(_metrics, alarms)))


def _alarm_on(alarm: "MetricAlarmTypeDef", prefix: str) -> AlarmOn:
    found = _FIRST_COMMAND.search(alarm.get("AlarmDescription", ""))
    return AlarmOn(alarm["AlarmName"].removeprefix(prefix), alarm["StateUpdatedTimestamp"], found[1] if found else "")


def _metrics(alarm: "MetricAlarmTypeDef") -> int:
    return sum("MetricStat" in query for query in alarm.get("Metrics", [])) or 1
