"""The rows of the table "What becomes of a message", through the function's handler."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import Any

import pikepdf
import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from PIL import Image

from handlers.sqs_message import NotAnSqsEventError
from tests.integration.handlers.conftest import Aws
from tests.support.events import lambda_context, s3_body, sqs_record
from tests.support.fault_injection import answering, aws_error, half_a_body, recording
from tests.support.function_settings import FUNCTION_SETTINGS
from tests.support.photos import jpeg

GOOD = jpeg((1500, 1000))
OTHER = jpeg((1000, 1500))
OUTPUTS = ["document.pdf", "large.jpg", "medium.jpg", "small.jpg"]


@pytest.fixture(autouse=True)
def _no_waiting_between_the_clients_own_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)


@pytest.fixture
def hidden(aws: Aws) -> Iterator[list[int]]:
    """Return the visibility timeouts that the function sets, in seconds."""
    seconds: list[int] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        seconds.append(params["VisibilityTimeout"])

    event = "provide-client-params.sqs.ChangeMessageVisibility"
    aws.services.queue.connect().meta.events.register(event, note)
    yield seconds
    aws.services.queue.connect().meta.events.unregister(event, note)


def size_of(data: bytes) -> tuple[int, int]:
    with Image.open(BytesIO(data)) as image:
        return image.size


def test_a_good_photo_comes_out_in_three_sizes_and_as_a_pdf(aws: Aws) -> None:
    aws.upload("trip/a b+ü.jpg", GOOD)
    assert aws.invoke(aws.messages()) == []
    assert sorted(aws.outputs()) == [f"trip/a b+ü.jpg/{name}" for name in OUTPUTS]
    sizes = [size_of(aws.read(f"trip/a b+ü.jpg/{name}.jpg")) for name in ("large", "medium", "small")]
    assert sizes == [(1200, 800), (600, 400), (300, 200)]
    assert aws.outcomes() == {"trip/a b+ü.jpg": "processed"}


@pytest.mark.parametrize("key", ["photo.png", "photo.txt", "photo.jpg.exe", "photo"])
def test_a_photo_is_known_by_its_bytes_whatever_its_name(aws: Aws, key: str) -> None:
    aws.upload(key, GOOD)
    aws.invoke(aws.messages())
    assert aws.outcomes() == {key: "processed"}


@pytest.mark.parametrize("key", [".DS_Store", "trip/._beach.jpg", "trip/Thumbs.db", "Desktop.ini", "._" + "k" * 1015])
def test_a_file_of_the_operating_system_is_acknowledged_and_counted(aws: Aws, key: str) -> None:
    aws.upload(key, b"\0\0\0\1Bud1")
    assert aws.invoke(aws.messages()) == []
    assert aws.outcomes() == {key: "ignored"}
    assert aws.dead_letters() == []


def test_a_photo_under_the_name_of_a_system_file_is_processed(aws: Aws) -> None:
    aws.upload("._beach.jpg", GOOD)
    aws.invoke(aws.messages())
    assert aws.outcomes() == {"._beach.jpg": "processed"}


def test_a_damaged_photo_under_the_name_of_a_system_file_is_dead_lettered(aws: Aws) -> None:
    aws.upload("._beach.jpg", GOOD[:2000])
    aws.invoke(aws.messages())
    assert aws.reasons() == {"._beach.jpg": "truncated-image"}


def test_outputs_carry_their_content_type(aws: Aws) -> None:
    aws.upload("a.jpg", GOOD)
    aws.invoke(aws.messages())
    types = {key: aws.s3.head_object(Bucket="renditions", Key=key)["ContentType"] for key in aws.outputs()}
    assert types["a.jpg/small.jpg"] == "image/jpeg"
    assert types["a.jpg/document.pdf"] == "application/pdf"


def test_an_output_is_saved_under_the_photos_own_name_and_cached_as_the_settings_say(aws: Aws) -> None:
    aws.upload("trip/süden.heic", GOOD)
    aws.invoke(aws.messages())
    answer = aws.s3.head_object(Bucket="renditions", Key="trip/süden.heic/large.jpg")
    disposition = "inline; filename=\"s_den.jpg\"; filename*=UTF-8''s%C3%BCden.jpg"
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-disposition"] == disposition
    assert "CacheControl" not in answer
    processor = replace(aws.services.processor, settings=replace(FUNCTION_SETTINGS.render, cache_control="max-age=60"))
    cached = replace(aws, services=replace(aws.services, processor=processor))
    cached.upload("b.jpg", GOOD)
    cached.invoke(cached.messages())
    assert aws.s3.head_object(Bucket="renditions", Key="b.jpg/small.jpg")["CacheControl"] == "max-age=60"


def test_the_pdf_has_the_photos_own_name_as_its_title(aws: Aws) -> None:
    aws.upload("trip/süden 1.jpg", GOOD)
    aws.invoke(aws.messages())
    with pikepdf.open(BytesIO(aws.read("trip/süden 1.jpg/document.pdf"))) as pdf:
        assert str(pdf.docinfo["/Title"]) == "süden 1"


def test_marker_and_digest_have_the_layout_so_that_nobody_must_download_a_photo_to_know_its_shape(aws: Aws) -> None:
    aws.upload("a.jpg", GOOD)
    aws.invoke(aws.messages())
    metadata = aws.s3.head_object(Bucket="renditions", Key="a.jpg/document.pdf")["Metadata"]
    assert metadata["sizes"] == "large.jpg=1200x800 medium.jpg=600x400 small.jpg=300x200"
    ((record,),) = (digest["records"] for digest in aws.digests())
    assert record["sizes"] == {"large.jpg": [1200, 800], "medium.jpg": [600, 400], "small.jpg": [300, 200]}
    assert record["thumb_hash"] == metadata["thumb-hash"]
    assert 5 <= len(b64decode(metadata["thumb-hash"], validate=True)) <= 25


def test_the_commit_marker_names_source_version_and_settings(aws: Aws) -> None:
    aws.upload("a.jpg", GOOD)
    aws.invoke(aws.messages())
    etag = aws.s3.head_object(Bucket="photos", Key="a.jpg")["ETag"].strip('"')
    metadata = aws.s3.head_object(Bucket="renditions", Key="a.jpg/document.pdf")["Metadata"]
    assert metadata["source-etag"] == etag
    assert metadata["settings"] == FUNCTION_SETTINGS.render.fingerprint


def test_a_new_photo_costs_one_head_one_get_and_one_put_per_output(aws: Aws) -> None:
    aws.upload("a.jpg", GOOD)
    with recording(aws.services.processor.objects.s3) as operations:
        aws.invoke(aws.messages())
    assert sorted(operations) == ["GetObject", "HeadObject", *["PutObject"] * 4]


def test_the_outputs_of_a_new_photo_are_the_same_bytes_each_time(aws: Aws) -> None:
    for key in ("a/photo.jpg", "b/photo.jpg"):  # the PDF's title is the photo's own name
        aws.upload(key, GOOD)
    aws.invoke(aws.messages())
    for name in OUTPUTS:
        assert aws.read(f"a/photo.jpg/{name}") == aws.read(f"b/photo.jpg/{name}")


def test_the_same_event_again_is_a_duplicate_after_one_head(aws: Aws) -> None:
    aws.upload("a.jpg", GOOD)
    messages = aws.messages()
    aws.invoke(messages)
    before = aws.outputs()
    aws.digests()
    with recording(aws.services.processor.objects.s3) as operations:
        assert aws.invoke(messages) == []
    assert operations == ["HeadObject"]
    assert aws.outcomes() == {"a.jpg": "duplicate"}
    assert aws.outputs() == before


def test_a_source_overwritten_since_its_event_is_superseded(aws: Aws) -> None:
    aws.upload("a.jpg", GOOD)
    old = aws.messages()
    aws.upload("a.jpg", OTHER)
    assert aws.invoke(old) == []
    assert aws.outcomes() == {"a.jpg": "superseded"}
    assert aws.outputs() == {}


def test_an_overwritten_photo_is_processed_anew(aws: Aws) -> None:
    for body in (GOOD, OTHER):
        aws.upload("a.jpg", body)
        aws.invoke(aws.messages())
    assert size_of(aws.read("a.jpg/large.jpg")) == (800, 1200)


def test_outputs_of_a_later_version_are_never_replaced_by_an_earlier_one(aws: Aws) -> None:
    aws.upload("a.jpg", OTHER)
    later = s3_body("a.jpg", etag=etag_of(aws, "a.jpg"), sequencer="0B")
    aws.invoke([sqs_record(later)])
    aws.upload("a.jpg", GOOD)
    earlier = s3_body("a.jpg", etag=etag_of(aws, "a.jpg"), sequencer="0A")
    aws.digests()
    assert aws.invoke([sqs_record(earlier)]) == []
    assert aws.outcomes() == {"a.jpg": "superseded"}
    assert size_of(aws.read("a.jpg/large.jpg")) == (800, 1200)


def test_a_source_deleted_since_its_event_is_gone(aws: Aws) -> None:
    aws.upload("a.jpg", GOOD)
    messages = aws.messages()
    aws.s3.delete_object(Bucket="photos", Key="a.jpg")
    assert aws.invoke(messages) == []
    assert aws.outcomes() == {"a.jpg": "gone"}


def test_a_permanent_failure_is_dead_lettered_at_once_and_costs_no_batch_mate(aws: Aws) -> None:
    aws.upload("good.jpg", GOOD)
    aws.upload("text.jpg", b"I am no photo")
    aws.upload("empty.jpg", b"")
    aws.upload("cut.jpg", GOOD[: len(GOOD) // 2])
    aws.upload("heavy.jpg", GOOD + b"\0" * 3_000_000)
    assert aws.invoke(aws.messages()) == []
    assert aws.reasons() == {
        "text.jpg": "unsupported-format",
        "empty.jpg": "empty-object",
        "cut.jpg": "truncated-image",
        "heavy.jpg": "too-many-bytes",
    }
    assert len(aws.outputs()) == 4


def test_a_dead_letter_is_the_original_message_with_its_whole_reason(aws: Aws) -> None:
    aws.upload("text.jpg", b"I am no photo")
    (message,) = aws.messages(receive_count=2)
    aws.invoke([message])
    (letter,) = aws.dead_letters()
    reason = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert letter["Body"] == message["body"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", reason.pop("first-seen"))
    assert reason == {
        "failure-code": "unsupported-format",
        "failure-family": "permanent",
        "failure-detail": "looks like none of the formats",
        "source-bucket": "photos",
        "source-key": "text.jpg",
        "source-etag": etag_of(aws, "text.jpg"),
        "attempts": "2",
        "request-id": "request-1",
        "message-id": message["messageId"],
    }


def test_when_the_dlq_refuses_a_dead_letter_the_message_stays_in_the_queue(aws: Aws) -> None:
    aws.upload("text.jpg", b"I am no photo")
    (message,) = aws.messages()
    with answering(aws.services.queue.connect(), "SendMessage", partial(aws_error, 500, "InternalFailure")):
        assert aws.invoke([message]) == [message["messageId"]]
    assert aws.dead_letters() == []
    assert aws.outcomes() == {"text.jpg": "retrying"}


@pytest.mark.parametrize(
    ("operation", "answer", "code"),
    [
        ("GetObject", partial(aws_error, 503, "SlowDown"), "throttled"),
        ("GetObject", partial(aws_error, 500, "InternalError"), "storage-unavailable"),
        ("GetObject", partial(aws_error, 403, "AccessDenied"), "access-denied"),
        ("GetObject", partial(aws_error, 404, "NoSuchBucket"), "bucket-missing"),
        ("PutObject", partial(aws_error, 404, "NoSuchBucket"), "bucket-missing"),
        ("GetObject", ReadTimeoutError(endpoint_url="http://s3"), "storage-unavailable"),
        ("GetObject", half_a_body, "storage-unavailable"),
        ("GetObject", ConnectionClosedError(endpoint_url="http://s3"), "storage-unavailable"),
        ("PutObject", ConnectionClosedError(endpoint_url="http://s3"), "storage-unavailable"),
        ("PutObject", partial(aws_error, 500, "InternalError"), "storage-unavailable"),
        ("HeadObject", partial(aws_error, 503, ""), "storage-unavailable"),
        ("HeadObject", ReadTimeoutError(endpoint_url="http://s3"), "storage-unavailable"),
        ("PutObject", partial(aws_error, 503, "SlowDown"), "throttled"),
        ("PutObject", ReadTimeoutError(endpoint_url="http://s3"), "storage-unavailable"),
    ],
)
def test_a_retryable_failure_comes_back_after_a_backoff(
    aws: Aws, hidden: list[int], operation: str, answer: Any, code: str
) -> None:
    aws.upload("a.jpg", GOOD)
    (message,) = aws.messages(receive_count=3)
    with answering(aws.services.processor.objects.s3, operation, answer):
        assert aws.invoke([message]) == [message["messageId"]]
    ((record,),) = [digest["records"] for digest in aws.digests()]
    assert (record["outcome"], record["code"]) == ("retrying", code)
    assert aws.dead_letters() == []
    assert 60 <= hidden[-1] <= 120  # the third attempt: 30 s doubled twice, jitter takes up to half


def test_a_failure_that_a_retry_cures_leaves_no_trace(aws: Aws) -> None:
    aws.upload("a.jpg", GOOD)
    messages = aws.messages()
    with answering(aws.services.processor.objects.s3, "PutObject", partial(aws_error, 503, "SlowDown"), times=2):
        assert aws.invoke(messages) == []
    assert aws.outcomes() == {"a.jpg": "processed"}


def test_a_retryable_failure_on_its_last_receive_is_exhausted_with_its_reason(aws: Aws) -> None:
    aws.upload("a.jpg", GOOD)
    messages = aws.messages(receive_count=5)
    with answering(aws.services.processor.objects.s3, "GetObject", partial(aws_error, 503, "SlowDown")):
        assert aws.invoke(messages) == []
    assert aws.outcomes() == {"a.jpg": "exhausted"}
    assert aws.reasons() == {"a.jpg": "throttled"}


def test_an_archived_source_is_dead_lettered_at_once(aws: Aws) -> None:
    aws.upload("a.jpg", GOOD)
    messages = aws.messages()
    with answering(aws.services.processor.objects.s3, "GetObject", partial(aws_error, 403, "InvalidObjectState")):
        assert aws.invoke(messages) == []
    assert aws.reasons() == {"a.jpg": "source-archived"}


def test_what_cannot_be_finished_in_the_time_left_is_deferred_and_visible_at_once(aws: Aws, hidden: list[int]) -> None:
    aws.upload("a.jpg", GOOD)
    (message,) = aws.messages()
    assert aws.invoke([message], seconds_left=8.1) == [message["messageId"]]
    assert hidden == [0]
    assert aws.outcomes() == {"a.jpg": "deferred"}
    assert aws.outputs() == {}


def test_a_message_with_several_s3_records_is_done_when_all_are(aws: Aws) -> None:
    for key in ("a.jpg", "b.jpg"):
        aws.upload(key, GOOD)
    body = s3_body("a.jpg", "b.jpg", etag=etag_of(aws, "a.jpg"))
    assert aws.invoke([sqs_record(body)]) == []
    assert len(aws.outputs()) == 8


def test_of_several_s3_records_only_the_bad_one_is_dead_lettered(aws: Aws) -> None:
    for key in ("a.jpg", "b.jpg"):
        aws.upload(key, GOOD)
    records = [json.loads(s3_body(key, etag=etag_of(aws, key)))["Records"][0] for key in ("a.jpg", "b.jpg")]
    aws.upload("bad.jpg", b"no photo")
    records.insert(1, json.loads(s3_body("bad.jpg", etag=etag_of(aws, "bad.jpg")))["Records"][0])
    assert aws.invoke([sqs_record(json.dumps({"Records": records}))]) == []
    (letter,) = aws.dead_letters()
    assert json.loads(letter["Body"]) == {"Records": [records[1]]}
    assert len(aws.outputs()) == 8


def test_while_one_s3_record_waits_for_a_retry_none_of_its_message_is_dead_lettered(aws: Aws) -> None:
    for key, body in (("a.jpg", GOOD), ("bad.jpg", b"no photo")):
        aws.upload(key, body)
    records = [json.loads(s3_body(key, etag=etag_of(aws, key)))["Records"][0] for key in ("bad.jpg", "a.jpg")]
    message = sqs_record(json.dumps({"Records": records}))
    with answering(aws.services.processor.objects.s3, "PutObject", partial(aws_error, 503, "SlowDown")):
        assert aws.invoke([message]) == [message["messageId"]]
    assert aws.dead_letters() == []


@pytest.mark.parametrize("body", ["not json", "{}", json.dumps({"Records": [{"s3": {}}]})])
def test_a_malformed_message_is_dead_lettered_and_costs_no_batch_mate(aws: Aws, body: str) -> None:
    aws.upload("good.jpg", GOOD)
    assert aws.invoke([sqs_record(body), *aws.messages()]) == []
    (letter,) = aws.dead_letters()
    assert letter["Body"] == body
    assert letter["MessageAttributes"]["failure-code"]["StringValue"] == "malformed-message"
    assert len(aws.outputs()) == 4


def test_a_message_about_another_bucket_is_malformed_and_asks_s3_for_nothing(aws: Aws) -> None:
    message = sqs_record(s3_body("small.jpg", bucket="renditions"))
    with recording(aws.services.processor.objects.s3) as operations:
        assert aws.invoke([message]) == []
    assert operations == []
    (letter,) = aws.dead_letters()
    assert letter["MessageAttributes"]["failure-code"]["StringValue"] == "malformed-message"
    assert letter["Body"] == message["body"]


def test_the_test_event_of_s3_is_acknowledged_without_a_digest(aws: Aws) -> None:
    assert aws.invoke([sqs_record(json.dumps({"Event": "s3:TestEvent"}))]) == []
    assert aws.digests() == []


def test_a_digest_that_cannot_be_sent_never_fails_the_batch_and_is_counted(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.upload("a.jpg", GOOD)
    messages = aws.messages()
    with answering(aws.services.reporter.sns, "Publish", partial(aws_error, 500, "InternalFailure")):
        assert aws.invoke(messages) == []
    assert emitted_metrics(capsys)["DigestNotSent"] == [1.0]
    assert len(aws.outputs()) == 4


def test_a_digest_that_cannot_be_made_never_fails_the_batch_and_is_counted(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("handlers.reporting.summarise", broken)
    aws.upload("a.jpg", GOOD)
    assert aws.invoke(aws.messages()) == []
    assert emitted_metrics(capsys)["DigestNotSent"] == [1.0]
    assert len(aws.outputs()) == 4


def test_outcomes_are_metrics_that_alarms_can_watch(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.upload("good.jpg", GOOD)
    aws.upload("bad.jpg", b"no photo")
    aws.invoke(aws.messages())
    metrics = emitted_metrics(capsys)
    assert (metrics["Processed"], metrics["DeadLettered"], metrics["Retrying"]) == ([1.0], [1.0], [0.0])


def test_each_record_leaves_one_log_line_with_its_milliseconds_by_stage(
    aws: Aws, caplog: pytest.LogCaptureFixture
) -> None:
    aws.upload("a.jpg", GOOD)
    (message,) = aws.messages()
    aws.invoke([message])
    (line,) = [record.__dict__ for record in caplog.records if record.message == "S3 record done"]
    assert (line["message_id"], line["key"], line["outcome"]) == (message["messageId"], "a.jpg", "processed")
    assert set(line["milliseconds"]) == {"download", "process", "upload"}


def test_a_note_on_a_photo_is_in_its_log_line_and_in_the_digest(aws: Aws, caplog: pytest.LogCaptureFixture) -> None:
    aws.upload("a.jpg", GOOD + b"<?php not for us ?>")
    assert aws.invoke(aws.messages()) == []
    note = "bytes after the end of the picture were left out"
    (line,) = [record.__dict__ for record in caplog.records if record.message == "S3 record done"]
    assert (line["outcome"], line["detail"]) == ("processed", note)
    assert [record["detail"] for digest in aws.digests() for record in digest["records"]] == [note]


@pytest.mark.parametrize("event", [{}, {"Records": None}, {"Records": [{}]}, {"Records": [{"body": ""}]}])
def test_an_event_that_is_no_sqs_batch_is_an_error_and_not_a_success(aws: Aws, event: dict[str, Any]) -> None:
    with pytest.raises(NotAnSqsEventError):
        aws.services.handle(event, lambda_context())


def etag_of(aws: Aws, key: str) -> str:
    etag: str = aws.s3.head_object(Bucket="photos", Key=key)["ETag"].strip('"')
    return etag


def emitted_metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (document,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    metrics: dict[str, Any] = document
    return metrics
