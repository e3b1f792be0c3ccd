"""The result of a proof: each probe, and what the function reported about itself."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from scripts.cli.output import Report, Table
from scripts.prove.run import ProbeResult

STAGES = ("download", "process", "upload")
_SHOWN = 30


@dataclass(frozen=True)
class Invocations:
    """Lambda's reports on the invocations of a run; empty where it writes no platform log.

    Attributes:
        reports: the metrics of each platform.report record of the function's log.
    """

    reports: Sequence[Mapping[str, Any]]

    @classmethod
    def read(cls, logs: Any, function: str, since: float) -> "Invocations":
        """Read them from CloudWatch Logs.

        Args:
            logs: a boto3 client.
            function: the function's name.
            since: seconds since 1970.
        """
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{function}",
            filterPattern='{ $.type = "platform.report" }',
            startTime=int(since * 1000),
        )
        found = (_metrics(event["message"]) for page in pages for event in page["events"])
        return cls([metrics for metrics in found if metrics])

    def lines(self) -> Iterator[str]:
        """Describe durations and memory; yield nothing without reports."""
        if not self.reports:
            yield "Lambda's own report (cold starts, memory) is not in the log: a local AWS writes none."
            return
        cold = [report["initDurationMs"] for report in self.reports if "initDurationMs" in report]
        warm = [report["durationMs"] for report in self.reports if "initDurationMs" not in report]
        memory = max(report["maxMemoryUsedMB"] for report in self.reports)
        if cold:
            yield f"{len(cold)} cold starts: {median(cold):,.0f} ms in the median, {max(cold):,.0f} ms at most."
        if warm:
            yield f"{len(warm)} warm invocations: {median(warm):,.0f} ms in the median."
        yield f"Memory: {memory:,.0f} MB of {self.reports[0]['memorySizeMB']:,.0f} MB at most."


def proof_report(results: Sequence[ProbeResult], facts: Sequence[str]) -> Report:
    """Return the table of the probes, those with problems first, then the measurements.

    Of probes of the same name that have no problem the table has one row, with the slowest.
    """
    failed = [each for each in results if each.problems]
    rows = [_row(each) for each in failed[:_SHOWN]]
    passed: dict[str, list[ProbeResult]] = {}
    for each in results:
        if not each.problems:
            passed.setdefault(each.probe.name, []).append(each)
    rows += [_row(max(group, key=lambda each: each.seconds), len(group)) for group in passed.values()]
    lines: list[str | Table] = [Table(("verdict", "probe", "must be", "came", "seconds"), rows)]
    lines += [f"{each.probe.name}: {problem}" for each in failed for problem in each.problems]
    good = len(results) - len(failed)
    return [*lines, "", f"{good:,} of {len(results):,} probes came out as they must.", *_stage_lines(results), *facts]


def proof_document(results: Sequence[ProbeResult], facts: Sequence[str]) -> dict[str, Any]:
    """Return the result for programs."""
    probes = [
        {
            "probe": each.probe.name,
            "key": each.probe.key,
            "expected": each.probe.expectation,
            "outcome": each.result.outcome if each.result else None,
            "code": each.result.code if each.result else None,
            "seconds": round(each.seconds, 2),
            "milliseconds": dict(each.result.milliseconds) if each.result else {},
            "problems": each.problems,
        }
        for each in results
    ]
    return {"probes": probes, "facts": list(facts)}


def _row(each: ProbeResult, count: int = 1) -> tuple[str | int, ...]:
    came = "-" if each.result is None else each.result.outcome + (f", {each.result.code}" if each.result.code else "")
    name = each.probe.name if count == 1 else f"{each.probe.name} ({count:,})"
    return ("FAIL" if each.problems else "PASS", name, each.probe.expectation, came, f"{each.seconds:.1f}")


def _stage_lines(results: Sequence[ProbeResult]) -> Iterator[str]:
    for stage in STAGES:
        times = [
            each.result.milliseconds[stage] for each in results if each.result and stage in each.result.milliseconds
        ]
        if times:
            yield f"{stage}: {median(times):,.0f} ms in the median, {max(times):,} ms at most."


def _metrics(line: str) -> Mapping[str, Any]:
    try:
        document = json.loads(line)
    except ValueError:
        return {}
    if not isinstance(document, dict) or document.get("type") != "platform.report":
        return {}
    metrics: Mapping[str, Any] = document["record"]["metrics"]
    return metrics
