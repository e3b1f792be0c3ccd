"""CloudWatch metrics of a stage: its pace in the last minutes, and its usage today.

A request for one metric costs $0.00001.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from scripts.aws.stack_outputs import SERVICE
from scripts.aws.stage import Stage

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient

MINUTE, HOUR = 60, 3600
# CloudWatch has the data of a minute up to two minutes later.
LATE = timedelta(minutes=2)
NAMESPACE = "Darkroom"
Points = list[tuple[datetime, float]]


@dataclass(frozen=True)
class Pace:
    """The last minutes.

    Attributes:
        oldest_seconds: the age of the oldest message at last; None when SQS reported none.
        processed: photos.
        photos_per_second: since the first of these minutes in which any photo was processed.
        messages_per_second: finished ones, whatever their outcome.
    """

    oldest_seconds: float | None
    processed: int
    photos_per_second: float
    messages_per_second: float


@dataclass(frozen=True)
class DayUsage:
    """The usage of a day.

    Attributes:
        processed: photos.
        busy_seconds: of all invocations.
        invocations: of the function.
    """

    processed: int
    busy_seconds: float
    invocations: int


def read_pace(stage: Stage, now: datetime, window: timedelta) -> Pace:
    """Read the pace of the last minutes, the one that has just begun left out."""
    end = now.replace(second=0, microsecond=0)
    queue = {"QueueName": stage.queue.name}
    points = _read(
        stage.cloudwatch,
        {
            "age": _query("AWS/SQS", "ApproximateAgeOfOldestMessage", queue, "Maximum", MINUTE),
            "deleted": _query("AWS/SQS", "NumberOfMessagesDeleted", queue, "Sum", MINUTE),
            "processed": _query(NAMESPACE, "Processed", _service(stage), "Sum", MINUTE),
        },
        end - window,
        end,
    )
    return Pace(
        oldest_seconds=points["age"][-1][1] if points["age"] else None,
        processed=round(_total(points["processed"])),
        photos_per_second=rate(points["processed"], end),
        messages_per_second=rate(points["deleted"], end),
    )


def read_usage(stage: Stage, since: datetime, until: datetime) -> DayUsage:
    """Read the usage since midnight."""
    function = {"FunctionName": stage.outputs.process_function}
    points = _read(
        stage.cloudwatch,
        {
            "processed": _query(NAMESPACE, "Processed", _service(stage), "Sum", HOUR),
            "duration": _query("AWS/Lambda", "Duration", function, "Sum", HOUR),
            "invocations": _query("AWS/Lambda", "Invocations", function, "Sum", HOUR),
        },
        since,
        until,
    )
    totals = {name: _total(found) for name, found in points.items()}
    return DayUsage(round(totals["processed"]), totals["duration"] / 1000, round(totals["invocations"]))


def rate(points: Points, end: datetime) -> float:
    """Return units a second from the first data point until `end`, without minutes that may still be missing."""
    counted = [(time, value) for time, value in points if value]
    if not counted:
        return 0.0
    first, last = counted[0][0], counted[-1][0] + timedelta(minutes=1)
    seconds = (max(last, end - LATE) - first).total_seconds()
    return _total(counted) / seconds


def _total(points: Points) -> float:
    return sum(value for _, value in points)


def _service(stage: Stage) -> dict[str, str]:
    return {"service": f"{SERVICE}-{stage.name}"}


def _query(namespace: str, name: str, dimensions: Mapping[str, str], statistic: str, period: int) -> Any:
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": named}
    return {"Metric": metric, "Period": period, "Stat": statistic}


def _read(
    cloudwatch: "CloudWatchClient", queries: Mapping[str, Any], start: datetime, end: datetime
) -> dict[str, Points]:
    """Read several metrics in one call, each point with the time at which its period begins, in order."""
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": name, "MetricStat": stat} for name, stat in queries.items()],
        StartTime=start,
        EndTime=end,
    )
    results = {result["Id"]: result for result in answer["MetricDataResults"]}
    return {
        name: sorted(zip(results[name]["Timestamps"], results[name]["Values"], strict=True)) if name in results else []
        for name in queries
    }
