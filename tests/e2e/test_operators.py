"""The operators' scripts on the deployed service: from an upload, through a Monday morning, to a proof."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from processing.output_keys import document_key
from processing.s3_events import parse_message
from scripts.aws.local_endpoint import LocalStack
from scripts.aws.sqs_queue import SqsQueue
from scripts.cli.repository import REPOSITORY
from scripts.dlq.__main__ import app as dlq_app
from scripts.reconcile.__main__ import app as reconcile_app
from scripts.sending import journal
from scripts.sending.journal import Journal
from scripts.upload.__main__ import app as upload_app
from tests.support.bare_stage import drain, send_all
from tests.support.command_line import CommandLine
from tests.support.dead_letters import dead_letter
from tests.support.photos import jpeg, not_an_image

LETTERS = 200
PATIENCE_SECONDS = 120


@pytest.fixture
def prefix() -> str:
    return f"operators-{uuid4().hex[:8]}/"


@pytest.fixture
def operators(
    stack: LocalStack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> dict[str, CommandLine]:
    """The three command lines, pointed at the stack; what earlier tests left in its queues is gone."""
    monkeypatch.setattr(journal, "JOURNALS", tmp_path / "journals")
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    sqs = stack.client("sqs")
    for url in (stack.outputs.queue_url, stack.outputs.dead_letter_queue_url):
        sqs.purge_queue(QueueUrl=url)
    apps = {"upload": upload_app, "dlq": dlq_app, "reconcile": reconcile_app}
    return {name: CommandLine(app, "local", capsys) for name, app in apps.items()}


@pytest.fixture
def broken(stack: LocalStack) -> Iterator["Breakage"]:
    """A deployment that can be broken and mended."""
    breakage = Breakage(stack)
    yield breakage
    breakage.mend()


class Breakage:
    """A mistake in the deployment: the function is told to store into a bucket that is not there."""

    def __init__(self, stack: LocalStack) -> None:
        self._functions, self._name = stack.client("lambda"), stack.outputs.process_function
        configuration = self._functions.get_function_configuration(FunctionName=self._name)
        self._right: dict[str, str] = configuration["Environment"]["Variables"]

    def make(self, **changes: str) -> None:
        self._functions.update_function_configuration(
            FunctionName=self._name, Environment={"Variables": self._right | changes}
        )

    def mend(self) -> None:
        self.make()


def make_folder(folder: Path) -> Path:
    """Six good photos and two that no retry will cure."""
    folder.mkdir()
    for number in range(6):
        (folder / f"good {number}.jpg").write_bytes(jpeg(quality=80 + number))
    (folder / "text.jpg").write_bytes(not_an_image())
    (folder / "empty.jpg").write_bytes(b"")
    return folder


def test_from_a_bad_deployment_to_a_verified_redrive(
    operators: dict[str, CommandLine], broken: Breakage, tmp_path: Path, prefix: str
) -> None:
    upload, dlq, reconcile = operators["upload"], operators["dlq"], operators["reconcile"]
    folder = make_folder(tmp_path / "photos")

    broken.make(OUTPUT_BUCKET="there-is-no-such-bucket")
    said = upload(str(folder), "--prefix", prefix, "--watch", "--execute", "--json")
    assert said.code == 2
    document = json.loads(said.out)
    assert (document["uploaded"], document["failed"], document["waiting"]) == (8, 8, 0)
    codes = {failure["key"].removeprefix(prefix): failure["code"] for failure in document["failures"]}
    assert (codes.pop("text.jpg"), codes.pop("empty.jpg")) == ("unsupported-format", "empty-object")
    (retryable,) = set(codes.values())

    listed = json.loads(dlq("list", "--json").out)
    assert {code: group["count"] for code, group in listed["codes"].items()} == {
        retryable: 6,
        "unsupported-format": 1,
        "empty-object": 1,
    }

    still_broken = dlq("redrive", "--code", retryable, "--canary", "2", "--execute")
    assert still_broken.code == 3
    assert still_broken.lines[-1] == (
        f"Stopped after the canary (came back: {retryable} 2). Not touched: 4 dead letters."
    )

    broken.mend()
    said = dlq("redrive", "--code", retryable, "--canary", "2", "--verify", "--execute", "--json")
    assert said.code == 0
    assert json.loads(said.out)["outcomes"]["counts"] == {"processed": 6}

    export = tmp_path / "bad.jsonl"
    assert dlq("export", str(export)).code == 0
    assert dlq("purge", str(export), "--execute", "--yes-delete", "2").code == 0
    assert json.loads(dlq("list", "--json").out)["count"] == 0

    states = json.loads(reconcile("--prefix", prefix, "--min-age", "0s", "--json").out)["states"]
    assert (states["complete"], states["missing"]) == (6, 2)


def test_a_change_of_settings_makes_outputs_stale_and_reconcile_renews_them(
    operators: dict[str, CommandLine], broken: Breakage, stack: LocalStack, tmp_path: Path, prefix: str
) -> None:
    upload, reconcile = operators["upload"], operators["reconcile"]
    (tmp_path / "photos").mkdir()
    for number in range(3):
        (tmp_path / "photos" / f"{number}.jpg").write_bytes(jpeg(quality=80 + number))
    said = upload(str(tmp_path / "photos"), "--prefix", prefix, "--watch", "--execute", "--json")
    assert (said.code, json.loads(said.out)["outcomes"]) == (0, {"processed": 3})
    compared = ("--prefix", prefix, "--min-age", "0s", "--json")
    assert json.loads(reconcile(*compared).out)["states"]["complete"] == 3

    broken.make(RENDITIONS="large:1200:80,tiny:100:70")
    assert json.loads(reconcile(*compared).out)["states"]["stale_settings"] == 3
    assert json.loads(reconcile(*compared, "--execute").out)["sent"] == 3
    end = time.monotonic() + PATIENCE_SECONDS
    while json.loads(reconcile(*compared).out)["states"]["complete"] < 3:
        assert time.monotonic() < end
        time.sleep(0.5)
    stack.client("s3").head_object(Bucket=stack.outputs.output_bucket, Key=f"{prefix}0.jpg/tiny.jpg")


# The command itself, but with a shorter hold: a rerun waits for what a killed run had received.
SHORT_HOLD = """
from scripts.aws import dlq_reader
from scripts.cli.command_line import main
from scripts.dlq.__main__ import app
dlq_reader.VISIBILITY_TIMEOUT_SECONDS = 3
main(app, "npm run dlq --")
"""


def test_200_dead_letters_redriven_through_kills_are_all_accounted_for(
    operators: dict[str, CommandLine], stack: LocalStack, tmp_path: Path, prefix: str
) -> None:
    """While the function works: the DLQ, the queue, the outputs and the journal together hold every photo."""
    keys = put_photos_without_events(stack, prefix)
    file = tmp_path / "redrive.journal"
    redrive = ["redrive", "--journal", str(file), "--rate", "40/s", "--verify", "--execute"]
    command = [sys.executable, "-c", SHORT_HOLD, *redrive, "--stage", "local"]
    for letters_left in (150, 90, 30):
        with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            wait_until_left(stack, letters_left)
            process.send_signal(signal.SIGKILL)
        assert unaccounted(stack, file, keys) == 0

    said = operators["dlq"](*redrive, "--json")
    assert said.code == 0
    document = json.loads(said.out)
    assert set(document["outcomes"]["counts"]) == {"processed"}
    assert len(document["maybe_sent_twice"]) <= 10
    assert {key for key in keys if not is_done(stack, key)} == set()
    assert drain(stack.client("sqs"), stack.outputs.dead_letter_queue_url) == []


def put_photos_without_events(stack: LocalStack, prefix: str) -> list[str]:
    """Puts 200 photos into the input bucket as if their events had failed: only dead letters know of them."""
    s3, sqs, outputs = stack.client("s3"), stack.client("sqs"), stack.outputs
    body = jpeg((64, 48))
    keys = [f"{prefix}{number:03}.jpg" for number in range(LETTERS)]
    notification = s3.get_bucket_notification_configuration(Bucket=outputs.input_bucket)
    notification.pop("ResponseMetadata")
    s3.put_bucket_notification_configuration(Bucket=outputs.input_bucket, NotificationConfiguration={})
    try:
        etags = [s3.put_object(Bucket=outputs.input_bucket, Key=key, Body=body)["ETag"].strip('"') for key in keys]
    finally:
        s3.put_bucket_notification_configuration(Bucket=outputs.input_bucket, NotificationConfiguration=notification)
    letters = [dead_letter(key, bucket=outputs.input_bucket, etag=etag) for key, etag in zip(keys, etags, strict=True)]
    send_all(sqs, outputs.dead_letter_queue_url, letters)
    return keys


def wait_until_left(stack: LocalStack, count: int) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while SqsQueue(stack.client("sqs"), stack.outputs.dead_letter_queue_url).depth().all > count:
        assert time.monotonic() < end
        time.sleep(0.02)


def unaccounted(stack: LocalStack, file: Path, keys: list[str]) -> int:
    """How many photos neither the outputs nor the journal know of, beyond the messages that the queues still hold."""
    # The queues first: what leaves them meanwhile is in the outputs by then.
    urls = (stack.outputs.dead_letter_queue_url, stack.outputs.queue_url)
    in_queues = sum(SqsQueue(stack.client("sqs"), url).depth().all for url in urls)
    with Journal(file) as opened:
        journaled = {
            keys_of(entry.document["message"]["body"]) for step in opened.counts() for entry in opened.at_step(step)
        }
    return max(0, sum(key not in journaled and not is_done(stack, key) for key in keys) - in_queues)


def keys_of(body: str) -> str:
    (source,) = parse_message(body)
    return source.key


def is_done(stack: LocalStack, key: str) -> bool:
    s3 = stack.client("s3")
    listed = s3.list_objects_v2(Bucket=stack.outputs.output_bucket, Prefix=document_key(key))
    return bool(listed["KeyCount"])
