"""Photos that failed lately, by failure code, from the function's log through CloudWatch Logs Insights."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from processing.outcomes import Outcome
from scripts.aws.stage import Stage

MAX_LINES = 10_000  # Amazon CloudWatch Logs API Reference, StartQuery: the most that a query returns
QUERY_SECONDS, POLL_SECONDS = 30.0, 0.5
QUERY = (
    'fields @message | filter @message like /"S3 record done"/ | filter @message like /"code":/ '
    f"| sort @timestamp desc | limit {MAX_LINES}"
)


@dataclass(frozen=True)
class FailureCounts:
    """Photos by failure code, of the last minutes.

    Attributes:
        failed: dead-lettered.
        retrying: to be tried again.
        is_cut: there are more log lines than a query returns.
    """

    failed: Counter[str]
    retrying: Counter[str]
    is_cut: bool = False


def count_failures(stage: Stage, now: datetime, window: timedelta) -> FailureCounts:
    """Count the failures that the function logged lately.

    Raises:
        TimeoutError: Logs Insights did not finish in time.
    """
    lines = list(_messages(stage, now - window, now))
    failed, retrying = Counter[str](), Counter[str]()
    for outcome, code in filter(None, map(_outcome_and_code, lines)):
        if outcome.is_failure:
            failed[code] += 1
        elif not outcome.is_final:
            retrying[code] += 1
    return FailureCounts(failed, retrying, is_cut=len(lines) >= MAX_LINES)


def _outcome_and_code(line: str) -> tuple[Outcome, str] | None:
    """Return both from a log line; None for a line of another kind."""
    try:
        record = json.loads(line)
        return Outcome(record["outcome"]), str(record["code"])
    except (ValueError, KeyError, TypeError):
        return None


def _messages(stage: Stage, start: datetime, end: datetime) -> Iterator[str]:
    query_id = stage.logs.start_query(
        logGroupName=f"/aws/lambda/{stage.outputs.process_function}",
        startTime=int(start.timestamp()),
        endTime=ceil(end.timestamp()),
        queryString=QUERY,
    )["queryId"]
    for row in _results(stage, query_id):
        yield next(cell["value"] for cell in row if cell["field"] == "@message")


def _results(stage: Stage, query_id: str) -> Any:
    deadline = time.monotonic() + QUERY_SECONDS
    while (answer := stage.logs.get_query_results(queryId=query_id))["status"] in ("Scheduled", "Running"):
        if time.monotonic() > deadline:
            stage.logs.stop_query(queryId=query_id)
            raise TimeoutError(f"Logs Insights took more than {QUERY_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)
    if answer["status"] != "Complete":
        raise TimeoutError(f"Logs Insights: the query ended as {answer['status']}")
    return answer["results"]
