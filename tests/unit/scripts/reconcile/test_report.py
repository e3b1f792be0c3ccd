import shlex
from collections import Counter
from dataclasses import fields
from datetime import timedelta
from typing import Any

import boto3
import pytest

from processing.failures import FailureCode
from processing.settings import read_render_settings
from scripts.aws.bucket_listing import Listed, Pair
from scripts.aws.dead_letter import NO_REASON
from scripts.aws.stack_outputs import StackOutputs
from scripts.aws.stage import DeployedSettings, Stage
from scripts.cli.output import plain_lines
from scripts.reconcile.report import ReconcileRequest, plan_document, plan_report, sent_report
from scripts.reconcile.states import Compared, State, StateCounts

NAMES = dict.fromkeys((field.name for field in fields(StackOutputs)), "unused")
STAGE = Stage(
    name="prod",
    outputs=StackOutputs(**NAMES | {"input_bucket": "in", "output_bucket": "out", "queue_url": "https://sqs/photos"}),
    session=boto3.Session("test", "test", region_name="us-east-1"),
)
SETTINGS = DeployedSettings(
    read_render_settings({"RENDITIONS": "large:1200:80,medium:600:80,small:300:80"}), memory_mb=1769
)


def request(waiting: int = 0, **changes: Any) -> ReconcileRequest:
    options: dict[str, Any] = {
        "prefix": "",
        "most": 1000,
        "per_second": 50.0,
        "min_age": timedelta(minutes=15),
        "is_quick": False,
    }
    return ReconcileRequest(stage=STAGE, settings=SETTINGS, waiting=waiting, **options | changes)


def counts_of(**counts: int) -> StateCounts:
    filled = StateCounts(listed=Counter(sources=sum(counts.values()), outputs=4000), heads=1000)
    for name, count in counts.items():
        for number in range(count):
            code = FailureCode.THROTTLED if State[name] is State.DEAD_LETTERED else ""
            filled.add(compared(State[name], f"{name.lower()}/{number}\n.jpg", code=code))
    return filled


def compared(state: State, key: str, **fields: str) -> Compared:
    return Compared(Pair(Listed(key, "e1", 4_000_000, 1.0), None), state, **fields)


def test_a_dry_run_says_line_by_line_what_was_found_and_what_sending_costs() -> None:
    found = counts_of(COMPLETE=1000, MISSING=305, PARTIAL=1, STALE_SETTINGS=2, DEAD_LETTERED=37, RECENT=1, ORPHAN=2)
    assert plain_lines(plan_report(found, request(prefix="2026/"))) == [
        "Compared 1,348 source objects in in with 4,000 objects in out (prefix 2026/).",
        "",
        "state                    photos  what is done                               examples",
        "complete                  1,000  nothing                                    "
        "complete/0\\n.jpg, complete/1\\n.jpg, complete/2\\n.jpg",
        "missing                     305  would be sent                              "
        "missing/0\\n.jpg, missing/1\\n.jpg, missing/2\\n.jpg",
        "partial                       1  would be sent                              partial/0\\n.jpg",
        "stale: settings changed       2  would be sent                              "
        "stale_settings/0\\n.jpg, stale_settings/1\\n.jpg",
        "in the DLQ: throttled        37  nothing: fix the cause, then redrive them  "
        "dead_lettered/0\\n.jpg, dead_lettered/1\\n.jpg, dead_lettered/2\\n.jpg",
        "too recent to judge           1  nothing yet                                recent/0\\n.jpg",
        "orphan outputs                2  nothing: their source is gone              orphan/0\\n.jpg, orphan/1\\n.jpg",
        "",
        "To send: 308 messages to photos, 50 a second at most: about 6 s.",
        "Processing them costs under a cent: requests under a cent, compute under a cent.",
        "This comparison cost under a cent: 1,000 commit markers read.",
        "The sources to send have 1.2 GB; storage classes with a retrieval fee cost more.",
    ]


def test_a_maximum_bounds_what_is_sent_and_what_it_costs() -> None:
    lines = plain_lines(plan_report(counts_of(MISSING=1500), request(most=1000)))
    assert "To send: 1,000 of 1,500 messages to photos, 50 a second at most: about 20 s." in lines
    assert "The rest stays for another run: --max is 1,000." in lines
    assert plan_document(counts_of(MISSING=1500), request())["cost_dollars"]["requests"] == pytest.approx(
        0.0210, rel=0.02
    )


def test_a_million_photos_cost_what_the_price_list_says() -> None:
    found = StateCounts(
        states=Counter({State.MISSING: 1_000_000}), listed=Counter(sources=1_000_000, outputs=1_000_000)
    )
    cost = plan_document(found, request(most=1_000_000))["cost_dollars"]
    # 4 PUTs at $5 a million, HEAD and GET at $0.40; 0.133 s of 1,769 MB at $0.0000133334 a GB-second
    assert cost["requests"] == pytest.approx(20.00 + 0.80 + 0.17, abs=0.01)
    assert cost["compute"] == pytest.approx(3.06 + 0.02, abs=0.01)
    assert cost["looking"] == pytest.approx(0.01)


def test_nothing_to_send_is_said() -> None:
    assert "Nothing to send." in plain_lines(plan_report(counts_of(COMPLETE=5), request()))


def test_every_note_has_its_line() -> None:
    found = counts_of(COMPLETE=1, SENT_EARLIER=2)
    found.foreign = 3
    lines = plain_lines(plan_report(found, request(waiting=7, is_quick=True)))
    assert "Quick: judged by the times in the listings; commit markers and settings were not compared." in lines
    assert lines[-3:] == [
        "7 messages in the queue: what looks missing may be waiting there.",
        "The messages of 2 photos were sent earlier and may be in the queue: look again when it is empty.",
        "3 objects in out not from Darkroom: left alone.",
    ]


@pytest.mark.parametrize(
    ("days", "title"),
    [
        (["2026-11-20", "2026-11-20"], "sent 2026-11-20, not there yet"),
        (["2026-11-21", "2026-11-20", "2026-11-23"], "sent 2026-11-20 to 2026-11-23, not there yet"),
    ],
)
def test_what_was_sent_earlier_is_dated(days: list[str], title: str) -> None:
    found = StateCounts()
    for day in days:
        found.add(compared(State.SENT_EARLIER, "a.jpg", sent_on=day))
    assert any(line.startswith(title) for line in plain_lines(plan_report(found, request())))


def test_for_messages_that_are_gone_there_is_a_way_out() -> None:
    (note,) = (n for n in plain_lines(plan_report(counts_of(SENT_EARLIER=1), request())) if "--send-again" in n)
    assert note == (
        "The message of 1 photo was sent earlier, and the queue is empty now. If they are more than 15 min old, they "
        "are gone (purged, or deleted with the queue): add --send-again to send them once more."
    )


def test_for_a_permanent_failure_in_the_dlq_the_advice_is_the_codes_own() -> None:
    found = StateCounts()
    for number in range(3):
        found.add(compared(State.DEAD_LETTERED, f"{number}.txt", code=FailureCode.EMPTY_OBJECT))
    found.add(compared(State.DEAD_LETTERED, "a.jpg", code=NO_REASON))
    shown = [" ".join(line.split()) for line in plain_lines(plan_report(found, request()))]
    advice = FailureCode.EMPTY_OBJECT.what_to_do
    assert f"in the DLQ: empty-object 3 {advice} 0.txt, 1.txt, 2.txt" in shown
    assert "in the DLQ: no-reason 1 nothing: fix the cause, then redrive them a.jpg" in shown
    assert plan_document(found, request())["dead_lettered"] == {"empty-object": 3, "no-reason": 1}


@pytest.mark.parametrize("key", ["'; reboot; '", "$(reboot)", "--recursive", "a b"])
def test_the_hint_for_a_damaged_set_names_exactly_its_marker(key: str) -> None:
    found = StateCounts()
    found.add(compared(State.DAMAGED, key))
    hint = plain_lines(plan_report(found, request()))[-1]
    assert shlex.split(hint) == ["aws", "s3api", "delete-object", "--bucket=out", f"--key={key}/document.pdf"]


def test_there_is_no_hint_to_paste_for_a_key_that_a_terminal_would_act_on() -> None:
    found = StateCounts()
    found.add(compared(State.DAMAGED, "a\nreboot\n"))
    assert plain_lines(plan_report(found, request()))[-1] == "  (the marker of a\\nreboot\\n)"


def test_the_result_says_what_was_sent_and_how_to_go_on() -> None:
    counts = counts_of(MISSING=1010)
    counts.sent, counts.maybe_twice, counts.is_cut = 1000, 10, True
    counts.refused = Counter({"InternalError": 2})
    lines = plain_lines(sent_report(counts, request()))
    assert lines[6:11] == [
        "Sent 1,000 messages to photos.",
        "10 may have been sent twice: an earlier run was cut off. That is harmless.",
        "2 refused by SQS (InternalError): give the command again to try them again.",
        "Stopped at --max 1,000; later keys were not compared.",
        "Once the queue is empty, give the command again to go on.",
    ]
