"""Rules about when the metric math alarms fire, shown with metric values minute by minute."""

from collections.abc import Sequence

from tests.integration.template.alarm_states import Minute, times_fired
from tests.integration.template.packaged import Rule, Template, put

VISIBLE, IN_FLIGHT = "ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"
DELETED = "NumberOfMessagesDeleted"
SILENT: list[Minute] = [{}]


def _fires(template: Template, alarm: str, *parts: Sequence[Minute]) -> int:
    return times_fired(template[alarm], [minute for part in parts for minute in part])


def _failures_fire_each_time(template: Template) -> bool:
    first, second = [{"DeadLettered": 1.0, "Exhausted": 0.0}], [{"Exhausted": 1.0}]
    idle, working = SILENT * 9, [{"DeadLettered": 0.0, "Exhausted": 0.0}] * 10
    return _fires(template, "PhotosFailedAlarm", first, idle, second, idle, working, first) == 3


def _no_failure_no_alarm(template: Template) -> bool:
    return _fires(template, "PhotosFailedAlarm", [{"DeadLettered": 0.0, "Exhausted": 0.0}] * 60) == 0


def _dead_letters_fire_once(template: Template) -> bool:
    waiting, read = [{VISIBLE: 1.0, IN_FLIGHT: 0.0}], [{VISIBLE: 0.0, IN_FLIGHT: 1.0}]
    return _fires(template, "DeadLettersAlarm", waiting * 5, read * 5, waiting * 5, SILENT * 60, waiting * 5) == 1


def _an_empty_dlq_is_no_alarm(template: Template) -> bool:
    return _fires(template, "DeadLettersAlarm", [{VISIBLE: 0.0}] * 30, SILENT * 30) == 0


def _nothing_deleted_fires(template: Template) -> bool:
    disabled = [{VISIBLE: 3.0, DELETED: 0.0}] * 15
    broken = [{VISIBLE: 0.0, IN_FLIGHT: 3.0}] * 15
    working: list[Minute] = [{VISIBLE: 3.0, DELETED: 10.0}]
    return all(_fires(template, "BacklogAlarm", working, minutes) == 1 for minutes in (disabled, broken))


def _a_healthy_queue_does_not_fire(template: Template) -> bool:
    busy = [{VISIBLE: 90_000.0, IN_FLIGHT: 500.0, DELETED: 700.0}] * 120
    slow: Sequence[Minute] = ([{VISIBLE: 9.0}] * 13 + [{VISIBLE: 9.0, DELETED: 1.0}]) * 9
    retrying = [{VISIBLE: 0.0, IN_FLIGHT: 1.0}] * 14
    done: list[Minute] = [{VISIBLE: 0.0, DELETED: 1.0}]
    empty = [{VISIBLE: 0.0, DELETED: 0.0}] * 30
    return _fires(template, "BacklogAlarm", busy, slow, done, empty, retrying, done, SILENT * 60) == 0


ALARM_STATE_RULES = (
    Rule(
        "failed photos fire the alarm again each time",
        _failures_fire_each_time,
        [
            put("PhotosFailedAlarm", "Metrics/0/Expression", "FILL(deadLettered, 0)"),
            put("PhotosFailedAlarm", "Metrics/0/Expression", "deadLettered + exhausted"),
            put("PhotosFailedAlarm", "Threshold", 1),
            put("PhotosFailedAlarm", "EvaluationPeriods", 2),
        ],
    ),
    Rule(
        "batches without failures do not fire the alarm for failed photos",
        _no_failure_no_alarm,
        [put("PhotosFailedAlarm", "Threshold", -1)],
    ),
    Rule(
        "dead letters fire once, whether they are read or the queue is idle",
        _dead_letters_fire_once,
        [
            put("DeadLettersAlarm", "Metrics/0/Expression", "visible + 0"),
            put("DeadLettersAlarm", "TreatMissingData", "notBreaching"),
            put("DeadLettersAlarm", "Threshold", 1),
        ],
    ),
    Rule(
        "an empty dead-letter queue is no alarm",
        _an_empty_dlq_is_no_alarm,
        [put("DeadLettersAlarm", "Threshold", -1)],
    ),
    Rule(
        "messages of which none is deleted for 15 minutes are an alarm",
        _nothing_deleted_fires,
        [
            put("BacklogAlarm", "Metrics/0/Expression", "IF(visible > 0 AND FILL(deleted, 0) == 0, 1, 0)"),
            put("BacklogAlarm", "Metrics/0/Expression", "IF(visible + FILL(inFlight, 0) > 0 AND deleted == 0, 1, 0)"),
            put("BacklogAlarm", "EvaluationPeriods", 16),
            put("BacklogAlarm", "Threshold", 1),
        ],
    ),
    Rule(
        "neither two hours of work, nor a slow queue, nor backoff, nor silence is a backlog",
        _a_healthy_queue_does_not_fire,
        [
            put("BacklogAlarm", "Metrics/0/Expression", "IF(visible + FILL(inFlight, 0) > 0, 1, 0)"),
            put("BacklogAlarm", "Metrics/0/Expression", "IF(FILL(deleted, 0) == 0, 1, 0)"),
            put("BacklogAlarm", "EvaluationPeriods", 5),
            put("BacklogAlarm", "EvaluationPeriods", 14),
        ],
    ),
)
