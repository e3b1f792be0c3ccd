import json
from typing import Any

from scripts.cli.output import Table
from scripts.prove.probes import Probe
from scripts.prove.report import Invocations, proof_report
from scripts.prove.run import ProbeResult


class LogPages:
    """A CloudWatch Logs client with given lines."""

    def __init__(self, *lines: str) -> None:
        self._lines = lines

    def get_paginator(self, _: str) -> "LogPages":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"events": [{"message": line} for line in self._lines]}]


def report(**metrics: float) -> str:
    whole = {"memorySizeMB": 1769, "maxMemoryUsedMB": 200, **metrics}
    return json.dumps({"type": "platform.report", "record": {"metrics": whole}})


def lines(*log: str) -> list[str]:
    return list(Invocations.read(LogPages(*log), "f", 0).lines())


def test_cold_and_warm_invocations_and_memory_are_told() -> None:
    log = [
        report(durationMs=900, initDurationMs=1200),
        report(durationMs=300),
        report(durationMs=500, maxMemoryUsedMB=350),
    ]
    assert lines(*log) == [
        "1 cold starts: 1,200 ms in the median, 1,200 ms at most.",
        "2 warm invocations: 400 ms in the median.",
        "Memory: 350 MB of 1,769 MB at most.",
    ]


def test_other_lines_of_the_log_are_left_out() -> None:
    assert lines("START", "{}", "[1]", report(durationMs=300))[0] == "1 warm invocations: 300 ms in the median."


def test_a_local_aws_without_reports_is_told() -> None:
    assert lines("START") == ["Lambda's own report (cold starts, memory) is not in the log: a local AWS writes none."]


def result(name: str, seconds: float, *problems: str) -> ProbeResult:
    probe = Probe(name, f"{name} {seconds}", lambda *_: None)
    return ProbeResult(probe, seconds=seconds, problems=list(problems))


def table(*results: ProbeResult) -> list[tuple[str, str, str]]:
    (found,) = [part for part in proof_report(results, []) if isinstance(part, Table)]
    return [(str(row[0]), str(row[1]), str(row[4])) for row in found.rows]


def test_many_probes_of_one_name_are_one_row_with_the_slowest() -> None:
    assert table(result("many", 3.0), result("many", 7.5), result("slow", 50.0)) == [
        ("PASS", "many (2)", "7.5"),
        ("PASS", "slow", "50.0"),
    ]


def test_each_probe_with_a_problem_has_a_row_before_all_others() -> None:
    rows = table(result("many", 3.0), result("many", 4.0, "came out as gone"), result("many", 5.0, "is missing"))
    assert rows == [("FAIL", "many", "4.0"), ("FAIL", "many", "5.0"), ("PASS", "many", "3.0")]
