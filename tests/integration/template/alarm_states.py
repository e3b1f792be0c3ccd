"""The metrics of an alarm, and its state for given metric values, as CloudWatch evaluates it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.integration.template.packaged import Properties, Template

Minute = Mapping[str, float]  # metric name to value; a metric without a data point is absent


@dataclass(frozen=True)
class Metric:
    """A metric that an alarm watches; `id` is its name in the alarm's expression."""

    id: str
    namespace: str
    name: str
    dimensions: list[dict[str, Any]]
    statistic: str
    period: int

    def value(self, minutes: Sequence[Minute]) -> float | None:
        """Return the statistic of a period; None without data points."""
        values = [minute[self.name] for minute in minutes if self.name in minute]
        if not values:
            return None
        return {"Sum": sum(values), "Maximum": max(values)}[self.statistic]


def alarms(template: Template) -> dict[str, Properties]:
    """Return the properties of every alarm by logical id."""
    return {name: template[name] for name in template.names("AWS::CloudWatch::Alarm")}


def watched_metrics(alarm: Properties) -> list[Metric]:
    """Return the metrics of an alarm, of its metric math or its single one."""
    if "Metrics" not in alarm:
        return [_metric("", alarm, alarm["Statistic"], alarm["Period"])]
    queries = [(query["Id"], query["MetricStat"]) for query in alarm["Metrics"] if "MetricStat" in query]
    return [_metric(id_, stat["Metric"], stat["Stat"], stat["Period"]) for id_, stat in queries]


def times_fired(alarm: Properties, minutes: Sequence[Minute]) -> int:
    """Count how often a metric math alarm enters the state ALARM, from OK."""
    return sum(after and not before for before, after in pairwise(_states(alarm, minutes)))


def _metric(id_: str, named: Properties, statistic: str, period: int) -> Metric:
    return Metric(id_, named["Namespace"], named["MetricName"], named["Dimensions"], statistic, period)


def _states(alarm: Properties, minutes: Sequence[Minute]) -> list[bool]:
    """Return for each period whether the alarm is in ALARM at its end."""
    states = [False]
    breaching: list[bool] = []
    for value in _values(alarm, minutes):
        if value is None and alarm["TreatMissingData"] == "ignore":
            states.append(states[-1])
        else:
            breaching.append(value is not None and value > alarm["Threshold"])
            last = breaching[-alarm["EvaluationPeriods"] :]
            states.append(len(last) == alarm["EvaluationPeriods"] and all(last))
    return states


def _values(alarm: Properties, minutes: Sequence[Minute]) -> Iterator[float | None]:
    """Yield the value of the alarm's expression for each period."""
    metrics = watched_metrics(alarm)
    expression = next(query["Expression"] for query in alarm["Metrics"] if "Expression" in query)
    length = metrics[0].period // 60
    for start in range(0, len(minutes), length):
        period = minutes[start : start + length]
        yield _evaluate(expression, {metric.id: metric.value(period) for metric in metrics})


def _evaluate(expression: str, values: Mapping[str, float | None]) -> float | None:
    """Evaluate metric math for one period; None if a value without FILL is missing."""
    functions = {
        "FILL": lambda value, filler: filler if value is None else value,
        "IF": lambda condition, then, otherwise: then if condition else otherwise,
    }
    try:
        result: float | None = eval(expression.replace(" AND ", " and "), functions, dict(values))
    except TypeError:
        return None
    return result
