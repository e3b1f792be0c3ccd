"""`npm run reconcile` on a local AWS."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from processing.output_keys import document_key
from processing.s3_events import parse_message
from scripts.aws.photo_state import PhotoStates
from scripts.aws.sqs_message import StoredMessage
from scripts.aws.sqs_queue import BatchOutcome, Depth, SqsQueue
from scripts.cli.repository import REPOSITORY
from scripts.reconcile.__main__ import app
from scripts.sending import journal
from tests.support.bare_stage import BareStage, drain, fill_dlq
from tests.support.command_line import CommandLine
from tests.support.dead_letters import dead_letter
from tests.support.fake_function import fake_function, store_outputs

NOW = ("--min-age", "0s")


@pytest.fixture
def reconcile(bare_stage: BareStage, short_waits: None, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(app, bare_stage.name, capsys)


def put_source(stage: BareStage, key: str, body: bytes = b"photo") -> str:
    """Store a source object; return its eTag."""
    bucket = stage.target.outputs.input_bucket
    return str(stage.client("s3").put_object(Bucket=bucket, Key=key, Body=body)["ETag"].strip('"'))


def put_outputs(stage: BareStage, key: str, etag: str, **settings: str) -> None:
    store_outputs(stage.client("s3"), stage.target.outputs.output_bucket, key, etag, **settings)


def delete_output(stage: BareStage, key: str) -> None:
    stage.client("s3").delete_object(Bucket=stage.target.outputs.output_bucket, Key=key)


@pytest.fixture
def one_of_each(bare_stage: BareStage) -> dict[str, str]:
    """Store a source in every state; return their eTags."""
    keys = ("complete", "missing", "partial", "damaged", "changed", "settings", "dead", "a", "a!", "a/b", "ü +%\n")
    etags = {key: put_source(bare_stage, f"{key}.jpg") for key in keys}
    for key in ("complete", "partial", "damaged", "a", "a/b"):
        put_outputs(bare_stage, f"{key}.jpg", etags[key])
    put_outputs(bare_stage, "changed.jpg", "an older version")
    put_outputs(bare_stage, "settings.jpg", etags["settings"], fingerprint="older settings")
    put_outputs(bare_stage, "orphan.jpg", "e")
    delete_output(bare_stage, document_key("partial.jpg"))
    delete_output(bare_stage, "damaged.jpg/small.jpg")
    put_source(bare_stage, "folder/", b"")
    bucket = bare_stage.target.outputs.input_bucket
    fill_dlq(bare_stage, [dead_letter("dead.jpg", bucket=bucket, etag=etags["dead"])])
    return etags


TO_SEND = ["a!.jpg", "changed.jpg", "missing.jpg", "partial.jpg", "settings.jpg", "ü +%\n.jpg"]


def sent(stage: BareStage) -> list[Any]:
    messages = drain(stage.client("sqs"), stage.target.outputs.queue_url)
    return sorted((source for m in messages for source in parse_message(m["Body"])), key=lambda source: source.key)


def test_a_dry_run_says_line_by_line_what_was_found_and_sends_nothing(
    reconcile: CommandLine, bare_stage: BareStage, one_of_each: dict[str, str]
) -> None:
    said = reconcile(*NOW)
    assert said.code == 0
    name = bare_stage.name
    assert [" ".join(line.split()) for line in said.lines] == [
        "Dry run: nothing was sent. Add --execute to act.",
        f"Compared 12 source objects in {name}-input with 30 objects in {name}-output.",
        "",
        "state photos what is done examples",
        "complete 3 nothing a.jpg, a/b.jpg, complete.jpg",
        "missing 3 would be sent a!.jpg, missing.jpg, ü +%\\n.jpg",
        "partial 1 would be sent partial.jpg",
        "stale: source changed 1 would be sent changed.jpg",
        "stale: settings changed 1 would be sent settings.jpg",
        "partial, but committed 1 nothing: see below damaged.jpg",
        "in the DLQ: access-denied 1 nothing: fix the cause, then redrive them dead.jpg",
        "orphan outputs 1 nothing: their source is gone orphan.jpg",
        "",
        "To send: 6 messages to " + f"{name}-photos, 50 a second at most: about 0 s.",
        "Processing them costs under a cent: requests under a cent, compute under a cent.",
        "This comparison cost under a cent: 6 commit markers read.",
        "The sources to send have 30 bytes; storage classes with a retrieval fee cost more.",
        "A committed set counts as done, whatever is missing. Delete its marker, then reconcile again:",
        f"aws s3api delete-object --bucket={name}-output --key=damaged.jpg/document.pdf",
    ]
    assert sent(bare_stage) == []
    assert not journal.JOURNALS.exists()


@pytest.mark.parametrize("bare_stage", ["photos/*.jpg,.png"], indirect=True)
def test_what_the_stage_does_not_process_is_not_sent(reconcile: CommandLine, bare_stage: BareStage) -> None:
    for key in ("photos/a.jpg", "photos/b.png", "photos/c.txt", "d.jpg"):
        put_source(bare_stage, key)
    assert reconcile(*NOW, "--execute").code == 0
    assert [source.key for source in sent(bare_stage)] == ["photos/a.jpg", "photos/b.png"]


def test_exactly_what_is_missing_or_stale_is_sent_as_it_was_listed(
    reconcile: CommandLine, bare_stage: BareStage, one_of_each: dict[str, str]
) -> None:
    assert reconcile(*NOW, "--execute").code == 0
    messages = sent(bare_stage)
    assert [source.key for source in messages] == TO_SEND
    assert {source.key: source.etag for source in messages} == {
        f"{key}.jpg": one_of_each[key] for key in one_of_each if f"{key}.jpg" in TO_SEND
    }
    assert {source.bucket for source in messages} == {bare_stage.target.outputs.input_bucket}


def test_once_processed_everything_is_complete(
    reconcile: CommandLine, bare_stage: BareStage, one_of_each: dict[str, str]
) -> None:
    reconcile(*NOW, "--execute")
    with fake_function(bare_stage, {}) as handled:
        while len(handled) < len(TO_SEND):
            time.sleep(0.05)
    document = json.loads(reconcile(*NOW, "--json").out)
    assert document["to_send"] == 0
    assert document["states"]["complete"] == 9


def test_what_was_sent_is_never_sent_again_by_itself(
    reconcile: CommandLine, bare_stage: BareStage, one_of_each: dict[str, str]
) -> None:
    reconcile(*NOW, "--execute")
    said = reconcile(*NOW, "--execute")
    assert said.code == 1
    assert "6 messages in the queue: what looks missing may be waiting there" in said.err
    assert json.loads(reconcile(*NOW, "--execute", "--while-busy", "--json").out)["sent"] == 0
    assert len(sent(bare_stage)) == 6
    document = json.loads(reconcile(*NOW, "--execute", "--json").out)
    assert (document["sent"], document["states"]["sent_earlier"]) == (0, 6)
    assert sent(bare_stage) == []


def test_the_hint_for_a_damaged_set_works_for_what_reconcile_itself_had_sent(
    reconcile: CommandLine, bare_stage: BareStage
) -> None:
    etag = put_source(bare_stage, "a.jpg")
    assert json.loads(reconcile(*NOW, "--execute", "--json").out)["sent"] == 1
    sent(bare_stage)
    put_outputs(bare_stage, "a.jpg", etag)
    delete_output(bare_stage, "a.jpg/small.jpg")
    assert "Delete its marker, then reconcile again:" in reconcile(*NOW).out
    delete_output(bare_stage, document_key("a.jpg"))
    assert json.loads(reconcile(*NOW, "--execute", "--json").out)["sent"] == 1


def test_the_maximum_bounds_each_run_and_the_next_goes_on(reconcile: CommandLine, bare_stage: BareStage) -> None:
    for number in range(25):
        put_source(bare_stage, f"{number:02}.jpg")
    keys: list[str] = []
    for expected in (10, 10, 5, 0):
        said = reconcile(*NOW, "--max", "10", "--execute", "--json")
        assert json.loads(said.out)["sent"] == expected
        keys += [source.key for source in sent(bare_stage)]
    assert keys == [f"{number:02}.jpg" for number in range(25)]


def test_the_report_tells_apart_what_was_sent_and_what_the_maximum_left(
    reconcile: CommandLine, bare_stage: BareStage
) -> None:
    for number in range(5):
        put_source(bare_stage, f"{number}.jpg")
    for arguments, action in (((), "would be sent"), (("--execute",), "sent to be processed")):
        said = reconcile(*NOW, "--max", "2", *arguments)
        shown = [" ".join(line.split()) for line in said.lines]
        assert f"missing 2 {action} 0.jpg, 1.jpg, 2.jpg" in shown
        assert "missing 3 left for another run" in shown
    assert "Sent 2 messages to " + f"{bare_stage.name}-photos." in shown
    assert "Stopped at --max 2: 3 more are left, and later keys were not compared." in shown


def test_a_prefix_bounds_what_is_compared(
    reconcile: CommandLine, bare_stage: BareStage, one_of_each: dict[str, str]
) -> None:
    document = json.loads(reconcile(*NOW, "--prefix", "a/", "--json").out)
    assert (document["sources"], document["states"]["complete"], document["to_send"]) == (1, 1, 0)
    # The outputs of `a.jpg` begin with `a.jpg/`: they are outside, and no orphans.
    document = json.loads(reconcile(*NOW, "--prefix", "a.jpg/", "--json").out)
    assert (document["outputs"], document["states"]["orphan"]) == (4, 0)


def test_young_sources_are_not_judged(reconcile: CommandLine, bare_stage: BareStage) -> None:
    put_source(bare_stage, "just-now.jpg")
    document = json.loads(reconcile("--json").out)
    assert (document["states"]["recent"], document["to_send"]) == (1, 0)


def test_a_quick_look_reads_no_markers(
    reconcile: CommandLine, bare_stage: BareStage, one_of_each: dict[str, str]
) -> None:
    said = reconcile(*NOW, "--quick")
    assert "Quick: judged by the times in the listings; commit markers and settings were not compared." in said.lines
    assert "This comparison cost under a cent: 0 commit markers read." in said.lines


def test_a_kill_in_the_middle_loses_nothing_and_repeats_at_most_one_seconds_messages(
    reconcile: CommandLine, bare_stage: BareStage, tmp_path: Path
) -> None:
    for number in range(120):
        put_source(bare_stage, f"{number:03}.jpg")
    command = [sys.executable, "-m", "scripts.reconcile", "--stage", bare_stage.name, *NOW, "--execute"]
    file = tmp_path / "j"
    command += ["--journal", str(file), "--rate", "40/s", "--while-busy"]
    url = bare_stage.target.outputs.queue_url
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL) as process:
        while _depth(bare_stage, url) < 30:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert 30 <= _depth(bare_stage, url) < 120
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    keys = [source.key for source in sent(bare_stage)]
    assert set(keys) == {f"{number:03}.jpg" for number in range(120)}
    assert len(keys) <= 120 + 40


def _depth(stage: BareStage, url: str) -> int:
    answer = stage.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def test_a_thousand_keys_and_more_are_listed_page_by_page(reconcile: CommandLine, bare_stage: BareStage) -> None:
    s3, bucket = bare_stage.client("s3"), bare_stage.target.outputs.input_bucket
    for number in range(1100):
        s3.put_object(Bucket=bucket, Key=f"{number:04}.jpg", Body=os.urandom(2))
    assert json.loads(reconcile(*NOW, "--json").out)["states"]["missing"] == 1100


def test_nothing_is_sent_when_dead_letters_were_not_seen(
    reconcile: CommandLine, bare_stage: BareStage, one_of_each: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dlq = bare_stage.target.outputs.dead_letter_queue_url
    monkeypatch.setattr(SqsQueue, "depth", lambda queue: Depth(40 if queue.url == dlq else 0, 0, 0))
    said = reconcile(*NOW, "--execute")
    assert said.code == 1
    assert "about 39 were not seen. What looks missing may be among them: nothing was sent" in said.err
    assert sent(bare_stage) == []


def test_messages_that_the_queue_has_lost_are_sent_again_on_request_only(
    reconcile: CommandLine, bare_stage: BareStage
) -> None:
    put_source(bare_stage, "a.jpg")
    reconcile(*NOW, "--execute")
    said = reconcile(*NOW, "--send-again", "--execute", "--while-busy")
    assert said.code == 1
    assert "1 message in the queue: those of an earlier run may be among them" in said.err
    assert len(sent(bare_stage)) == 1  # receives and deletes it: no queue has the message now
    assert "add --send-again to send them once more." in reconcile(*NOW).out
    assert "missing 1 would be sent a.jpg" in " ".join(reconcile(*NOW, "--send-again").out.split())
    assert sent(bare_stage) == []
    assert json.loads(reconcile(*NOW, "--send-again", "--execute", "--json").out)["sent"] == 1
    assert [source.key for source in sent(bare_stage)] == ["a.jpg"]


def test_messages_are_sent_in_full_batches_although_few_photos_are_missing(
    reconcile: CommandLine, bare_stage: BareStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        etag = put_source(bare_stage, f"{number:02}.jpg")
        if number % 3:
            put_outputs(bare_stage, f"{number:02}.jpg", etag)
    sizes, send = [], SqsQueue.send

    def count(queue: SqsQueue, messages: Sequence[StoredMessage]) -> BatchOutcome:
        sizes.append(len(messages))
        return send(queue, messages)

    monkeypatch.setattr(SqsQueue, "send", count)
    assert json.loads(reconcile(*NOW, "--execute", "--json").out)["sent"] == 20
    assert sizes == [10, 10]


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("place", "arguments", "words"),
    [
        ((SqsQueue, "receive"), (), "while reading the DLQ: 0 photos compared, nothing was sent."),
        ((PhotoStates, "marker"), (), "while comparing: 0 photos compared, nothing was sent."),
        ((SqsQueue, "send"), ("--execute",), "while comparing and sending: 12 photos compared, 0 messages sent;"),
    ],
    ids=["reading", "comparing", "sending"],
)
def test_an_interrupt_says_what_it_cut_off_and_the_same_command_goes_on(
    reconcile: CommandLine,
    bare_stage: BareStage,
    one_of_each: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    place: tuple[type, str],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(*place, interrupt)
        said = reconcile(*NOW, *arguments)
    assert said.code == 130
    assert words in said.err
    assert "to go on, give the same command again." in said.err
    assert json.loads(reconcile(*NOW, "--execute", "--json").out)["sent"] == 6
