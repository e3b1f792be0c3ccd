"""The CloudWatch dashboard of a packaged template: its widgets, metrics and queries."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.integration.template.packaged import Template

DASHBOARD = "StageDashboard"
# CloudFormation's references, as they stand in a text for Fn::Sub.
REFERENCE = re.compile(r"\$\{([\w:.]+)\}")
_WORD = re.compile(r"[A-Za-z_][\w.]*")
_QUOTED = re.compile(r'"[^"]*"|/[^/]*/')
# Amazon CloudWatch Logs User Guide, "CloudWatch Logs Insights query syntax", 2026.
_LANGUAGE = {"filter", "fields", "stats", "sort", "limit", "by", "as", "desc", "and", "or", "in", "ispresent"}
_LANGUAGE |= {"count", "sum", "max", "pct", "bin", "m", "h"}
Widget = dict[str, Any]


@dataclass(frozen=True)
class DashboardMetric:
    """A metric in a widget; `resource` is the logical id that its dimension refers to, or the dimension's text."""

    namespace: str
    name: str
    dimension: str
    resource: str
    options: dict[str, Any]


def widgets(template: Template) -> list[Widget]:
    """Parse the dashboard's body."""
    parsed: list[Widget] = json.loads(template[DASHBOARD]["DashboardBody"]["Fn::Sub"])["widgets"]
    return parsed


def properties(template: Template, *types: str) -> list[dict[str, Any]]:
    """Return the properties of the widgets of these types."""
    return [widget["properties"] for widget in widgets(template) if widget["type"] in types]


def metrics(template: Template) -> list[DashboardMetric]:
    """Return the metrics of every widget, without expressions."""
    return [metric for shown in properties(template, "metric") for metric in _metrics(shown["metrics"])]


def queries(template: Template) -> list[str]:
    """Return the Logs Insights queries."""
    return [shown["query"] for shown in properties(template, "log")]


def fields(query: str) -> set[str]:
    """Return the fields of the log that a query reads."""
    _, _, stages = query.partition(" | ")
    words = _WORD.findall(_QUOTED.sub("", stages).replace("@timestamp", ""))
    names = set(re.findall(r" as (\w+)", stages))
    return {word for word in words if word not in _LANGUAGE | names}


def edited(change: Callable[[list[Widget]], object]) -> Callable[[Template], None]:
    """Return a change of the template that edits the dashboard's widgets."""

    def edit(template: Template) -> None:
        shown = widgets(template)
        change(shown)
        template[DASHBOARD]["DashboardBody"] = {"Fn::Sub": json.dumps({"widgets": shown})}

    return edit


def replaced(before: str, after: str) -> Callable[[Template], None]:
    """Return a change of the template that replaces a text in the dashboard's body."""

    def replace(template: Template) -> None:
        body = template[DASHBOARD]["DashboardBody"]["Fn::Sub"]
        assert before in body, before
        template[DASHBOARD]["DashboardBody"] = {"Fn::Sub": body.replace(before, after)}

    return replace


def _metrics(rows: list[list[Any]]) -> Iterator[DashboardMetric]:
    for row in rows:
        if isinstance(row[0], str):
            namespace, name, dimension, value, *options = row
            resource = REFERENCE.sub(lambda found: found[1].partition(".")[0], value)
            yield DashboardMetric(namespace, name, dimension, resource, options[0] if options else {})
