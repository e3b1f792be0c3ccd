from dataclasses import replace

import pytest

from processing.digest.message import DigestMessage, email_text, summarise
from processing.failures import FailureCode, Family
from processing.outcomes import Outcome, RecordResult
from tests.unit.processing.digest.digest_examples import (
    machine_document,
    make_result,
    make_results,
    malformed,
    variants,
)

TRUNCATED = FailureCode.TRUNCATED_IMAGE


def digest_of(*results: RecordResult, stage: str = "prod") -> DigestMessage:
    return summarise(stage, "request-7", results)


@pytest.mark.parametrize(
    ("results", "subject"),
    [
        (make_results(10, Outcome.PROCESSED), "Darkroom prod: 10 photos ready"),
        (make_results(1, Outcome.PROCESSED), "Darkroom prod: 1 photo ready"),
        (
            make_results(9, Outcome.PROCESSED) + make_results(1, Outcome.DEAD_LETTERED, TRUNCATED),
            "Darkroom prod: 9 photos ready, 1 failed",
        ),
        (
            make_results(2, Outcome.PROCESSED)
            + make_results(3, Outcome.EXHAUSTED, FailureCode.THROTTLED)
            + make_results(4, Outcome.RETRYING, FailureCode.THROTTLED)
            + make_results(5, Outcome.DEFERRED),
            "Darkroom prod: 2 photos ready, 3 failed, 9 to be tried again",
        ),
        (make_results(1, Outcome.EXHAUSTED, FailureCode.THROTTLED), "Darkroom prod: 1 photo failed"),
        (make_results(3, Outcome.RETRYING, FailureCode.THROTTLED), "Darkroom prod: 3 photos to be tried again"),
        (make_results(3, Outcome.DUPLICATE) + make_results(1, Outcome.GONE), "Darkroom prod: nothing new"),
        ((malformed(),), "Darkroom prod: 1 message failed"),
        ((malformed(), *make_results(1, Outcome.DEAD_LETTERED, TRUNCATED)), "Darkroom prod: 2 items failed"),
        ((), "Darkroom prod: no photos"),
    ],
)
def test_the_subject_tells_the_story(results: tuple[RecordResult, ...], subject: str) -> None:
    assert digest_of(*results).subject == subject


@pytest.mark.parametrize(
    ("results", "status", "failed"),
    [
        (make_results(2, Outcome.PROCESSED) + make_results(1, Outcome.GONE), "ok", "0"),
        (make_results(2, Outcome.PROCESSED) + make_results(1, Outcome.RETRYING), "retrying", "0"),
        (make_results(1, Outcome.DEFERRED), "retrying", "0"),
        (make_results(1, Outcome.RETRYING) + make_results(2, Outcome.DEAD_LETTERED, TRUNCATED), "failed", "2"),
        (make_results(1, Outcome.EXHAUSTED, FailureCode.THROTTLED), "failed", "1"),
    ],
)
def test_the_attributes_serve_filter_policies(results: tuple[RecordResult, ...], status: str, failed: str) -> None:
    assert digest_of(*results).attributes == {
        "status": {"DataType": "String", "StringValue": status},
        "failed": {"DataType": "Number", "StringValue": failed},
        "stage": {"DataType": "String", "StringValue": "prod"},
    }


def test_a_batch_that_went_well_reads_in_three_lines() -> None:
    assert email_text(digest_of(*make_results(10, Outcome.PROCESSED))) == (
        "All went well.\n"
        "\n"
        "10 photos went in (40.0 MB).\n"
        "10 are ready, as 40 files (6.0 MB).\n"
        "\n"
        "To find this in the logs, search for request-7\n"
    )


def test_one_photo_is_told_of_in_the_singular() -> None:
    text = email_text(digest_of(make_result()))
    assert "1 photo went in (4.0 MB).\n1 is ready, as 4 files (600.0 kB).\n" in text


def test_each_failure_is_named_with_its_code_its_meaning_and_what_to_do() -> None:
    failed = make_result(Outcome.DEAD_LETTERED, key="maps/fjord.png", code=TRUNCATED, detail="1,310 rows are missing")
    text = email_text(digest_of(make_result(), failed))
    assert "1 failed and was set aside; the originals are untouched.\n" in text
    assert (
        "WHAT FAILED\n"
        "\n"
        "truncated-image (1): The file ends before the image does.\n"
        "What to do: The upload or copy was cut off: upload the original again.\n"
        "  - maps/fjord.png: 1,310 rows are missing\n"
    ) in text


def test_files_of_operating_systems_are_counted_and_neither_photos_nor_failures() -> None:
    message = digest_of(make_result(), replace(make_result(Outcome.IGNORED, key=".DS_Store"), bytes_in=0))
    assert message.subject == "Darkroom prod: 1 photo ready"
    assert "All went well.\n\n1 photo went in (4.0 MB).\n" in email_text(message)
    assert "\n1 file of the operating system, such as .DS_Store: ignored.\n" in email_text(message)


def test_failures_of_one_code_share_one_explanation() -> None:
    text = email_text(digest_of(*make_results(3, Outcome.DEAD_LETTERED, TRUNCATED)))
    assert text.count(TRUNCATED.meaning) == 1
    assert "  - norway/00000.jpg\n  - norway/00001.jpg\n  - norway/00002.jpg\n" in text


def test_of_ten_thousand_failures_fifty_are_named_and_the_others_counted() -> None:
    text = email_text(digest_of(*make_results(10_000, Outcome.DEAD_LETTERED, TRUNCATED)))
    assert text.count("\n  - ") == 50
    assert "\n  and 9,950 more\n" in text


def test_a_rare_failure_is_named_beside_a_very_common_one() -> None:
    rare = make_result(Outcome.DEAD_LETTERED, key="rare.png", code=FailureCode.TOO_MANY_PIXELS)
    text = email_text(digest_of(*make_results(10_000, Outcome.DEAD_LETTERED, TRUNCATED), rare))
    assert "\n  - rare.png\n" in text
    assert "\n  and 9,951 more\n" in text


def test_a_message_that_names_no_photo_is_told_by_its_id() -> None:
    text = email_text(digest_of(make_result(), malformed("m-77")))
    assert "1 photo went in (4.0 MB).\n1 message did not name a photo.\n" in text
    assert "\n  - message m-77\n" in text


def test_photos_that_come_again_are_named_with_the_reason() -> None:
    throttled = make_result(Outcome.RETRYING, key="a.jpg", code=FailureCode.THROTTLED)
    text = email_text(digest_of(throttled, make_result(Outcome.DEFERRED, key="b.jpg")))
    assert "2 will be tried again automatically.\n" in text
    assert (
        "TO BE TRIED AGAIN\n"
        "\n"
        "throttled (1): AWS asked Darkroom to slow down.\n"
        "  - a.jpg\n"
        "\n"
        "deferred (1): Not enough time was left to start.\n"
        "  - b.jpg\n"
    ) in text


@pytest.mark.parametrize("code", FailureCode)
def test_no_photo_that_comes_again_is_said_to_be_given_up(code: FailureCode) -> None:
    text = email_text(digest_of(make_result(Outcome.RETRYING, code=code)))
    assert f"{code} (1): " in text
    assert "every attempt" not in text
    assert "WHAT FAILED" not in text


@pytest.mark.parametrize("code", [code for code in FailureCode if code.family is Family.RETRYABLE])
def test_what_comes_again_is_explained_in_words_of_its_own_and_not_as_what_was_given_up(code: FailureCode) -> None:
    assert code.meaning not in email_text(digest_of(make_result(Outcome.RETRYING, code=code)))


def test_outcomes_without_work_are_told_only_when_they_occurred() -> None:
    text = email_text(digest_of(*make_results(1, Outcome.DUPLICATE), *make_results(2, Outcome.SUPERSEDED)))
    assert "1 was done before, so nothing new was made.\n2 were replaced by a newer upload in the meantime.\n" in text
    assert "deleted" not in text


def test_a_line_break_in_a_key_does_not_forge_a_line() -> None:
    key = "a.jpg\n  - innocent.jpg\r\u2028\u202egpj.exe\\n"
    text = email_text(digest_of(make_result(Outcome.DEAD_LETTERED, key=key, code=TRUNCATED)))
    assert "\n  - a.jpg\\n  - innocent.jpg\\r\\u2028\\u202egpj.exe\\\\n\n" in text
    assert "\u202e" not in text


def test_a_line_break_in_a_detail_does_not_forge_a_line() -> None:
    failed = make_result(Outcome.DEAD_LETTERED, key="a.jpg", code=TRUNCATED, detail="cut\nALL IS WELL")
    assert "\n  - a.jpg: cut\\nALL IS WELL\n" in email_text(digest_of(failed))


def test_no_key_and_no_detail_is_a_link_for_people() -> None:
    failed = make_result(Outcome.DEAD_LETTERED, key="https://evil.example/a.jpg", code=TRUNCATED, detail="ftp://evil")
    waiting = make_result(Outcome.RETRYING, key="www.evil.example", code=FailureCode.THROTTLED)
    texts = variants(digest_of(failed, waiting))
    for protocol in ("default", "email", "sms"):
        assert "://" not in texts[protocol]
        assert "www." not in texts[protocol]
    assert r"https\x3a//evil.example/a.jpg" in texts["email"]
    assert "https://evil.example/a.jpg" in texts["sqs"]


def test_the_sms_says_why_when_there_is_room() -> None:
    results = make_results(2, Outcome.DEAD_LETTERED, TRUNCATED) + make_results(
        1, Outcome.DEAD_LETTERED, FailureCode.EMPTY_OBJECT
    )
    sms = variants(digest_of(*results))["sms"]
    assert sms == "Darkroom prod: 3 photos failed. Why: 2 truncated-image, 1 empty-object."


def test_the_sms_says_that_there_are_more_reasons_than_it_names() -> None:
    results = [make_result(Outcome.DEAD_LETTERED, code=code) for code in FailureCode]
    sms = variants(digest_of(*results))["sms"]
    assert sms.endswith(", more.")
    assert 100 < len(sms) <= 140


def test_the_default_text_carries_the_subject_for_those_who_see_none() -> None:
    digest = digest_of(make_result())
    assert variants(digest)["default"] == f"{digest.subject}.\n\n{email_text(digest)}"


def test_each_protocol_of_machines_gets_the_same_json() -> None:
    texts = variants(digest_of(make_result()))
    assert texts.keys() == {"default", "email", "sms", "sqs", "lambda", "http", "https"}
    assert texts["sqs"] == texts["lambda"] == texts["http"] == texts["https"]


def test_machines_read_every_record_with_all_its_fields() -> None:
    failed = make_result(Outcome.DEAD_LETTERED, key="b c+%.jpg", code=TRUNCATED, detail="cut", message_id="m-2")
    document = machine_document(digest_of(make_result(), failed))
    records = document.pop("records")
    assert document == {
        "version": 1,
        "service": "darkroom",
        "kind": "batch",
        "stage": "prod",
        "request_id": "request-7",
        "counts": {outcome.value: 0 for outcome in Outcome} | {"processed": 1, "dead-lettered": 1},
        "bytes_in": 8_000_000,
        "bytes_out": 600_000,
        "omitted": 0,
    }
    assert records[0] == {
        "message_id": "m-2",
        "bucket": "photos",
        "key": "b c+%.jpg",
        "etag": "e-1",
        "sequencer": "0061A1",
        "version_id": "",
        "outcome": "dead-lettered",
        "code": "truncated-image",
        "detail": "cut",
        "what_to_do": TRUNCATED.what_to_do,
        "outputs": [],
        "bytes_in": 4_000_000,
        "bytes_out": 0,
        "milliseconds": {},
    }
    assert records[1]["outputs"] == [
        f"norway/IMG_4200.jpg/{name}" for name in ("large.jpg", "medium.jpg", "small.jpg", "document.pdf")
    ]
    assert records[1]["milliseconds"] == {"download": 40, "process": 130, "upload": 60}


def test_a_stage_with_odd_characters_breaks_neither_subject_nor_attribute() -> None:
    digest = digest_of(make_result(), stage="prod\nBcc: ünï")
    assert digest.subject == "Darkroom prod-Bcc-n-: 1 photo ready"
    assert digest.attributes["stage"]["StringValue"] == "prod-Bcc-n-"
    assert machine_document(digest)["stage"] == "prod\nBcc: ünï"


def test_a_photo_that_came_out_with_a_note_is_named_with_it() -> None:
    noted = replace(make_result(key="a.jpg"), detail="stray bytes were left out")
    digest = digest_of(noted, make_result(key="b.jpg"))
    email = email_text(digest)
    assert "READY, WITH A NOTE" in email
    assert "  - a.jpg: stray bytes were left out" in email
    assert "b.jpg" not in email
    assert digest.subject == "Darkroom prod: 2 photos ready"
    assert digest.attributes["status"]["StringValue"] == "ok"


def test_of_very_many_notes_ten_are_named() -> None:
    noted = [replace(result, detail="stray bytes") for result in make_results(5_000, Outcome.PROCESSED)]
    email = email_text(digest_of(*noted))
    assert email.count(": stray bytes") == 10
    assert "  and 4,990 more" in email
