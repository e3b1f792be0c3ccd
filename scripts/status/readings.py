"""The status of a stage, read from its queues, log, metrics and alarms. Nothing is changed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from scripts.aws.prices import idle_cost, usage_cost
from scripts.aws.sqs_queue import Depth
from scripts.aws.stage import Stage
from scripts.status.alarms import Alarms, read_alarms
from scripts.status.log import FailureCounts, count_failures
from scripts.status.metrics import DayUsage, Pace, read_pace, read_usage

WINDOW = timedelta(minutes=5)
MB_PER_GB = 1024


@dataclass(kw_only=True)
class StageStatus:
    """The state of a stage; `unknown` has the reason of each reading that is None.

    Attributes:
        at: the time of reading.
        queue: messages about photos.
        dead_letters: in the DLQ, in flight or not.
        failures: of the last minutes, by code.
        pace: of the last minutes.
        alarms: those that are on.
        usage: since midnight, UTC.
        dollars: for the same time, by the price list, without storage.
        unknown: by the names above.
    """

    stage: str
    at: datetime
    queue: Depth | None = None
    dead_letters: int | None = None
    failures: FailureCounts | None = None
    pace: Pace | None = None
    alarms: Alarms | None = None
    usage: DayUsage | None = None
    dollars: float | None = None
    unknown: dict[str, str] = field(default_factory=dict)

    @property
    def seconds_left(self) -> float | None:
        """Time to finish the queue at this pace; None if that is not known or nothing is finished."""
        if self.queue is None or self.pace is None or not self.pace.messages_per_second:
            return None
        return self.queue.all / self.pace.messages_per_second

    @property
    def needs_a_person(self) -> bool:
        return bool(self.dead_letters or (self.alarms and self.alarms.on))


def read_status(stage: Stage, now: datetime, *, no_metrics: str = "") -> StageStatus:
    """Read the status; a reading that AWS refuses becomes unknown, and the others go on.

    Args:
        stage: the deployed stage.
        now: the current time, in UTC.
        no_metrics: the reason why there are no metrics and no alarms; empty on AWS.
    """
    status = StageStatus(stage=stage.name, at=now)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    readings: dict[str, Callable[[], object]] = {
        "queue": stage.queue.depth,
        "dead_letters": lambda: stage.dlq.depth().all,
        "failures": lambda: count_failures(stage, now, WINDOW),
    }
    from_metrics: dict[str, Callable[[], object]] = {
        "pace": lambda: read_pace(stage, now, WINDOW),
        "alarms": lambda: read_alarms(stage),
        "usage": lambda: read_usage(stage, midnight, now),
        "dollars": lambda: _dollars(stage, status, now - midnight),
    }
    if no_metrics:
        status.unknown = dict.fromkeys(from_metrics, no_metrics)
    else:
        readings |= from_metrics
    for name, reading in readings.items():
        _take(status, name, reading)
    return status


def _take(status: StageStatus, name: str, reading: Callable[[], object]) -> None:
    try:
        setattr(status, name, reading())
    except ClientError as error:
        status.unknown[name] = f"AWS refused {error.operation_name}: {error.response['Error']['Code']}"
    except (BotoCoreError, TimeoutError) as error:
        status.unknown[name] = str(error)
    else:
        if getattr(status, name) is None:
            status.unknown[name] = "what it is computed from is not known"


def _dollars(stage: Stage, status: StageStatus, day: timedelta) -> float | None:
    if status.usage is None or status.alarms is None:
        return None
    settings = stage.read_settings()
    used = usage_cost(
        photos=status.usage.processed,
        outputs=len(settings.renditions) + 1,
        gb_seconds=status.usage.busy_seconds * settings.memory_mb / MB_PER_GB,
        invocations=status.usage.invocations,
    )
    return used + idle_cost(day, status.alarms.metrics)
