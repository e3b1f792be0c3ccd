"""`npm run upload` on a local AWS."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from processing.digest.message import summarise
from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult, SourceObject
from scripts.aws import digest_subscription as digest_watch
from scripts.aws.digest_subscription import subscribe_to_digests
from scripts.cli.repository import REPOSITORY
from scripts.upload.__main__ import app
from tests.support.bare_stage import BareStage
from tests.support.command_line import CommandLine
from tests.support.contact_sheet import Elements
from tests.support.fake_function import store_outputs


@pytest.fixture
def upload(bare_stage: BareStage, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(app, bare_stage.name, capsys)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three photos."""
    for number in range(3):
        photo = tmp_path / "photos" / "2026" / f"ü {number}+%.jpg"
        photo.parent.mkdir(parents=True, exist_ok=True)
        photo.write_bytes(b"photo" * (number + 1))
    return tmp_path / "photos"


def stored(stage: BareStage) -> dict[str, bytes]:
    s3, bucket = stage.client("s3"), stage.target.outputs.input_bucket
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {item["Key"]: s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in listed}


def test_a_dry_run_says_line_by_line_what_would_be_uploaded_and_uploads_nothing(
    upload: CommandLine, bare_stage: BareStage, folder: Path
) -> None:
    said = upload(str(folder), "--prefix", "in/")
    assert said.code == 0
    assert said.lines == [
        "Dry run: nothing was uploaded. Add --execute to act.",
        f"To upload: 3 files (30 bytes) to {bare_stage.name}-input.",
        "",
        "why  size      key",
        "new  5 bytes   in/2026/ü 0+%.jpg",
        "new  10 bytes  in/2026/ü 1+%.jpg",
        "new  15 bytes  in/2026/ü 2+%.jpg",
        "",
    ]
    assert stored(bare_stage) == {}


def test_every_file_arrives_under_its_key_byte_by_byte(
    upload: CommandLine, bare_stage: BareStage, folder: Path
) -> None:
    assert upload(str(folder), "--execute").code == 0
    assert stored(bare_stage) == {f"2026/ü {n}+%.jpg": b"photo" * (n + 1) for n in range(3)}


def test_what_is_there_unchanged_is_left_out_and_what_changed_is_uploaded(
    upload: CommandLine, bare_stage: BareStage, folder: Path
) -> None:
    upload(str(folder), "--execute")
    changed = folder / "2026" / "ü 1+%.jpg"
    changed.write_bytes(b"PHOTOphoto")  # of the same size
    said = upload(str(folder), "--execute", "--json")
    assert {name: json.loads(said.out)[name] for name in ("uploaded", "unchanged")} == {"uploaded": 1, "unchanged": 2}
    assert stored(bare_stage)["2026/ü 1+%.jpg"] == b"PHOTOphoto"


def test_what_someone_else_uploaded_is_known_by_its_etag(
    upload: CommandLine, bare_stage: BareStage, folder: Path
) -> None:
    for photo in folder.rglob("*.jpg"):
        key = photo.relative_to(folder).as_posix()
        bucket = bare_stage.target.outputs.input_bucket
        bare_stage.client("s3").put_object(Bucket=bucket, Key=key, Body=photo.read_bytes())
    assert upload(str(folder)).lines[1:] == [
        f"To upload: 0 files (0 bytes) to {bare_stage.name}-input.",
        "3 unchanged: left out.",
    ]


def test_a_large_file_goes_in_parts_and_is_known_again(
    upload: CommandLine, bare_stage: BareStage, tmp_path: Path
) -> None:
    (tmp_path / "large").mkdir()
    content = os.urandom(1024) * 1024 * 33
    (tmp_path / "large" / "a.tif").write_bytes(content)
    assert upload(str(tmp_path / "large"), "--execute").code == 0
    assert stored(bare_stage) == {"a.tif": content}
    assert upload(str(tmp_path / "large")).lines[-1] == "1 unchanged: left out."


def test_a_file_that_cannot_be_read_is_reported_and_the_rest_goes_on(
    upload: CommandLine, bare_stage: BareStage, folder: Path
) -> None:
    (folder / "broken.jpg").symlink_to("nowhere")
    said = upload(str(folder), "--execute")
    assert said.code == 2
    assert len(stored(bare_stage)) == 3
    assert said.lines[-1] == "  - broken.jpg: No such file or directory"


def test_what_is_no_photo_is_left_out_and_counted(upload: CommandLine, bare_stage: BareStage, folder: Path) -> None:
    for name in (".DS_Store", "2026/a.xmp", "2026/b.mp4"):
        (folder / name).write_bytes(b"other")
    assert upload(str(folder)).lines[-1] == "3 other files skipped: 1 .DS_Store, 1 .mp4, 1 .xmp."
    said = upload(str(folder), "--prefix", "in/", "--only", "2026/*", "--skip", "* 1+*", "--execute", "--json")
    assert json.loads(said.out)["skipped"] == {".xmp": 1, ".mp4": 1, "by --only and --skip": 2}
    assert set(stored(bare_stage)) == {"in/2026/ü 0+%.jpg", "in/2026/ü 2+%.jpg"}
    upload(str(folder), "--all", "--execute")
    assert len(stored(bare_stage)) == 2 + 6


def test_what_is_larger_than_the_stages_limit_is_not_uploaded(
    upload: CommandLine, bare_stage: BareStage, folder: Path
) -> None:
    variables = {"RENDITIONS": "small:300:80", "MAX_BYTES": "10"}
    bare_stage.client("lambda").update_function_configuration(
        FunctionName=bare_stage.target.outputs.process_function, Environment={"Variables": variables}
    )
    assert upload(str(folder)).lines[-1].startswith("2026/ü 2+%.jpg  15 bytes, the limit is 10 bytes")
    said = upload(str(folder), "--execute")
    assert said.code == 2
    assert "too-many-bytes (1): The file is larger than the limit in bytes." in said.lines
    assert len(stored(bare_stage)) == 2


def test_an_upload_that_s3_refuses_at_first_is_tried_again(
    upload: CommandLine, bare_stage: BareStage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import botocore.httpsession

    send, refused = botocore.httpsession.URLLib3Session.send, list[str]()

    def flaky(self: Any, request: Any) -> Any:
        if request.method == "PUT" and len(refused) < 4:
            refused.append(request.url)
            request.url = request.url.replace(bare_stage.endpoint_url, "http://127.0.0.1:9")  # no server listens there
        return send(self, request)

    monkeypatch.setattr(botocore.httpsession.URLLib3Session, "send", flaky)
    assert upload(str(folder), "--execute").code == 0
    assert len(refused) == 4
    assert len(stored(bare_stage)) == 3


def test_interrupted_and_run_again_it_continues(upload: CommandLine, bare_stage: BareStage, tmp_path: Path) -> None:
    for number in range(1500):
        (tmp_path / f"{number:04}.jpg").write_bytes(os.urandom(2000))
    command = [sys.executable, "-m", "scripts.upload", str(tmp_path), "--stage", bare_stage.name, "--execute"]
    with subprocess.Popen([*command, "--json"], cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
        _wait_for(lambda: len(stored_keys(bare_stage)) > 20)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    there = len(stored_keys(bare_stage))
    assert 20 < json.loads(out)["uploaded"] == there < 1500
    said = upload(str(tmp_path), "--execute", "--json")
    assert json.loads(said.out)["unchanged"] == there
    assert len(stored_keys(bare_stage)) == 1500


def stored_keys(stage: BareStage) -> list[str]:
    pages = stage.client("s3").get_paginator("list_objects_v2").paginate(Bucket=stage.target.outputs.input_bucket)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def test_watching_follows_every_photo_to_its_outcome_by_the_digests(
    upload: CommandLine, bare_stage: BareStage, folder: Path
) -> None:
    failing = {"2026/ü 1+%.jpg": FailureCode.TRUNCATED_IMAGE}
    telling = threading.Thread(target=_tell_outcomes, args=(bare_stage, failing, 3))
    telling.start()
    said = upload(str(folder), "--watch", "--execute")
    telling.join()
    assert said.code == 2
    assert said.lines[1:] == [
        "",
        "outcome        photos",
        "processed           2",
        "dead-lettered       1",
        "",
        "1 failure:",
        "",
        "truncated-image (1): The file ends before the image does.",
        "  What to do: The upload or copy was cut off: upload the original again.",
        "  - 2026/ü 1+%.jpg",
    ]
    assert watching_queues(bare_stage) == []
    assert subscriptions(bare_stage) == []


def test_the_contact_sheet_of_an_upload_has_its_own_photos_and_failures_only(
    upload: CommandLine, bare_stage: BareStage, folder: Path, tmp_path: Path
) -> None:
    s3, outputs = bare_stage.client("s3"), bare_stage.target.outputs
    etag = s3.put_object(Bucket=outputs.input_bucket, Key="2026/other.jpg", Body=b"x")["ETag"].strip('"')
    store_outputs(s3, outputs.output_bucket, "2026/other.jpg", etag)
    failing = {"2026/ü 1+%.jpg": FailureCode.TRUNCATED_IMAGE}
    teller = threading.Thread(target=_tell_outcomes, args=(bare_stage, failing, 4))
    teller.start()
    said = upload(str(folder), "--execute", "--watch", "--report", str(tmp_path / "page.html"), "--expires", "1h")
    teller.join()
    assert said.code == 2
    assert said.lines[-1] == str(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert [a["title"] for _, a in Elements(page).found if a.get("class") == "card"] == [
        "2026/ü 0+%.jpg",
        "2026/ü 2+%.jpg",
    ]
    assert "<code>truncated-image</code>" in page
    assert "<dt>failed</dt><dd>1</dd>" in page


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--report", "page.html"], "it needs --watch"),
        (["--watch", "--expires", "1h"], "are about the links of --report FILE"),
        (["--watch", "--report", "a.jpg"], "is not the name of a page"),
        (
            ["--watch", "--report", "a.html", "--expires", "1h", "--base-url", "https://x.example.com"],
            "Give one of both",
        ),
    ],
)
def test_a_contact_sheet_that_cannot_be_made_is_refused_before_the_upload(
    upload: CommandLine, bare_stage: BareStage, folder: Path, arguments: list[str], complaint: str
) -> None:
    said = upload(str(folder), "--execute", *arguments)
    assert said.code == 1
    assert complaint in said.err
    assert stored(bare_stage) == {}


def _tell_outcomes(stage: BareStage, failing: dict[str, FailureCode], count: int) -> None:
    """Send a digest of each photo as soon as it is uploaded, as the function would."""
    _wait_for(lambda: subscriptions(stage) != [])
    told: set[str] = set()
    s3, bucket = stage.client("s3"), stage.target.outputs.input_bucket
    while len(told) < count:
        for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            if item["Key"] not in told:
                told.add(item["Key"])
                code = failing.get(item["Key"])
                if not code:
                    store_outputs(s3, stage.target.outputs.output_bucket, item["Key"], item["ETag"].strip('"'))
                source = SourceObject(bucket=bucket, key=item["Key"], etag=item["ETag"].strip('"'))
                outcome = Outcome.DEAD_LETTERED if code else Outcome.PROCESSED
                result = RecordResult(message_id="m", source=source, outcome=outcome, code=code)
                digest = summarise(stage.name, "r1", (result,))
                topic = stage.target.outputs.digest_topic_arn
                stage.client("sns").publish(
                    TopicArn=topic, Message=digest.message, MessageStructure="json", Subject=digest.subject
                )


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def watching_queues(stage: BareStage) -> list[str]:
    answer = stage.client("sqs").list_queues(QueueNamePrefix=f"darkroom-{stage.name}-watch-")
    return list(answer.get("QueueUrls", []))


def subscriptions(stage: BareStage) -> list[str]:
    topic = stage.target.outputs.digest_topic_arn
    answer = stage.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return [subscription["SubscriptionArn"] for subscription in answer]


def test_ctrl_c_while_watching_removes_the_queue_and_the_subscription(bare_stage: BareStage, folder: Path) -> None:
    command = [sys.executable, "-m", "scripts.upload", str(folder), "--stage", bare_stage.name]
    with subprocess.Popen([*command, "--watch", "--execute"], cwd=REPOSITORY, stdout=subprocess.DEVNULL) as process:
        _wait_for(lambda: len(subscriptions(bare_stage)) == 1 and len(stored_keys(bare_stage)) == 3)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)  # npm forwards it once more
        assert process.wait(timeout=60) == 130
    assert (watching_queues(bare_stage), subscriptions(bare_stage)) == ([], [])


def test_the_queue_of_a_killed_run_is_removed_by_the_next_one_once_it_is_old(
    bare_stage: BareStage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-m", "scripts.upload", str(folder), "--stage", bare_stage.name]
    with subprocess.Popen([*command, "--watch", "--execute"], cwd=REPOSITORY, stdout=subprocess.DEVNULL) as process:
        _wait_for(lambda: len(subscriptions(bare_stage)) == 1)
        process.kill()
    with subscribe_to_digests(bare_stage.target):
        assert len(watching_queues(bare_stage)) == 2
    monkeypatch.setattr(digest_watch, "ABANDONED_SECONDS", -1)
    monkeypatch.setattr(digest_watch, "RETENTION_SECONDS", 3600)
    with subscribe_to_digests(bare_stage.target):
        assert len(watching_queues(bare_stage)) == 1
        assert len(subscriptions(bare_stage)) == 1


def test_a_folder_that_is_not_there_is_refused(upload: CommandLine, tmp_path: Path) -> None:
    said = upload(str(tmp_path / "nowhere"), "--execute")
    assert said.code == 1
    assert "is not a folder" in said.err
