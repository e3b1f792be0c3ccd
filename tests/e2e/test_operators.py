"""`upload`, `dlq`, `reconcile` and `report` against the deployed service."""

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
from scripts.report.__main__ import app as report_app
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
    """Point the commands at the stack and purge its queues."""
    monkeypatch.setattr(journal, "JOURNALS", tmp_path / "journals")
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    sqs = stack.client("sqs")
    for url in (stack.outputs.queue_url, stack.outputs.dead_letter_queue_url):
        sqs.purge_queue(QueueUrl=url)
    apps = {"upload": upload_app, "dlq": dlq_app, "reconcile": reconcile_app, "report": report_app}
    return {name: CommandLine(app, "local", capsys) for name, app in apps.items()}


@pytest.fixture
def function_settings(stack: LocalStack) -> Iterator["FunctionSettings"]:
    """Return the deployment's settings, restored after the test."""
    settings = FunctionSettings(stack)
    yield settings
    settings.restore()


class FunctionSettings:
    """Changes the function's environment and restores it."""

    def __init__(self, stack: LocalStack) -> None:
        self._functions, self._name = stack.client("lambda"), stack.outputs.process_function
        configuration = self._functions.get_function_configuration(FunctionName=self._name)
        self._original: dict[str, str] = configuration["Environment"]["Variables"]

    def change(self, **changes: str) -> None:
        self._functions.update_function_configuration(
            FunctionName=self._name, Environment={"Variables": self._original | changes}
        )

    def restore(self) -> None:
        self.change()


def make_folder(folder: Path) -> Path:
    """Write six good photos and two with permanent failures."""
    folder.mkdir()
    for number in range(6):
        (folder / f"good {number}.jpg").write_bytes(jpeg(quality=80 + number))
    (folder / "text.jpg").write_bytes(not_an_image())
    (folder / "empty.jpg").write_bytes(b"")
    return folder


def test_from_a_bad_deployment_to_a_verified_redrive(
    operators: dict[str, CommandLine], function_settings: FunctionSettings, tmp_path: Path, prefix: str
) -> None:
    upload, dlq, reconcile = operators["upload"], operators["dlq"], operators["reconcile"]
    folder = make_folder(tmp_path / "photos")

    function_settings.change(OUTPUT_BUCKET="there-is-no-such-bucket", RETRY_MAX_SECONDS="1")  # five attempts in seconds
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

    function_settings.restore()
    said = dlq("redrive", "--code", retryable, "--canary", "2", "--verify", "--execute", "--json")
    assert said.code == 0
    assert json.loads(said.out)["outcomes"]["counts"] == {"processed": 6}

    page = tmp_path / "page.html"
    shown = json.loads(operators["report"]("--prefix", prefix, "--out", str(page), "--json").out)
    assert (shown["processed"], shown["failed"], shown["not_done"]) == (6, 2, 0)
    assert all(text in page.read_text() for text in ("good 5.jpg", "unsupported-format", "empty-object"))

    export = tmp_path / "bad.jsonl"
    assert dlq("export", str(export)).code == 0
    assert dlq("purge", str(export), "--execute", "--yes-delete", "2").code == 0
    assert json.loads(dlq("list", "--json").out)["count"] == 0

    states = json.loads(reconcile("--prefix", prefix, "--min-age", "0s", "--json").out)["states"]
    assert (states["complete"], states["missing"]) == (6, 2)


def test_a_change_of_settings_makes_outputs_stale_and_reconcile_renews_them(
    operators: dict[str, CommandLine],
    function_settings: FunctionSettings,
    stack: LocalStack,
    tmp_path: Path,
    prefix: str,
) -> None:
    upload, reconcile = operators["upload"], operators["reconcile"]
    (tmp_path / "photos").mkdir()
    for number in range(3):
        (tmp_path / "photos" / f"{number}.jpg").write_bytes(jpeg(quality=80 + number))
    said = upload(str(tmp_path / "photos"), "--prefix", prefix, "--watch", "--execute", "--json")
    assert (said.code, json.loads(said.out)["outcomes"]) == (0, {"processed": 3})
    compared = ("--prefix", prefix, "--min-age", "0s", "--json")
    assert json.loads(reconcile(*compared).out)["states"]["complete"] == 3

    function_settings.change(RENDITIONS="large:1200:80,tiny:100:70")
    assert json.loads(reconcile(*compared).out)["states"]["stale_settings"] == 3
    assert json.loads(reconcile(*compared, "--execute").out)["sent"] == 3
    end = time.monotonic() + PATIENCE_SECONDS
    while json.loads(reconcile(*compared).out)["states"]["complete"] < 3:
        assert time.monotonic() < end
        time.sleep(0.5)
    stack.client("s3").head_object(Bucket=stack.outputs.output_bucket, Key=f"{prefix}0.jpg/tiny.jpg")


# The command with a shorter visibility timeout, because a rerun waits for what a killed run had received.
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
    """While the function runs, the DLQ, the queue, the outputs and the journal together hold every photo."""
    keys = put_photos_without_events(stack, prefix)
    file = tmp_path / "redrive.journal"
    # Less than 20 a second: one batch of ten is sent at a time, and only that one may be sent twice.
    redrive = ["redrive", "--journal", str(file), "--rate", "19/s", "--verify", "--execute"]
    command = [sys.executable, "-c", SHORT_HOLD, *redrive, "--stage", "local"]
    for letters_left in (150, 100, 60):  # at 19 a second, three seconds before the end
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
    """Store 200 photos without S3 events and a dead letter for each."""
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
    """Count photos that are in no queue, not in the outputs and not in the journal."""
    # Queues first, because a message that leaves them meanwhile has its outputs by then.
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
