import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.digest.batch_digest import BatchDigest
from processing.digest.json_records import UnreadableDigestError, read_record, record_document
from processing.digest.message import DigestMessage, email_text, summarise
from processing.digest.roll_up import MAX_NAMED, RollUpWindow, combine
from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult
from tests.unit.processing.digest.digest_examples import (
    hostile_text,
    machine_document,
    make_result,
    make_results,
    malformed,
    results,
    unhurried,
    variants,
)
from tests.unit.processing.digest.test_sns_limits import assert_sns_takes

CORRUPT = FailureCode.CORRUPT_IMAGE


def digest_of(*results: RecordResult, request_id: str = "request-1") -> BatchDigest:
    return BatchDigest.from_body(variants(summarise("prod", request_id, results))["sqs"])


def counts_of(message: DigestMessage) -> dict[str, int]:
    return {outcome: number for outcome, number in machine_document(message)["counts"].items() if number}


def combined(*outcomes: tuple[Outcome, FailureCode | None]) -> dict[str, int]:
    """Return the counts after one photo was reported with these outcomes in order."""
    digests = [digest_of(make_result(o, code=code), request_id=f"r-{i}") for i, (o, code) in enumerate(outcomes)]
    return counts_of(combine(digests, stage="prod"))


def test_many_batches_become_one_mail() -> None:
    ready = digest_of(*make_results(9, Outcome.PROCESSED), request_id="r-1")
    failed = digest_of(*make_results(1, Outcome.DEAD_LETTERED, CORRUPT), request_id="r-2")
    message = combine([ready, failed], stage="prod")
    assert message.subject == "Darkroom prod: 9 photos ready, 1 failed"
    assert email_text(message) == (
        "10 photos went in (40.0 MB).\n"
        "9 are ready, as 36 files (5.4 MB).\n"
        "1 failed and was set aside; the originals are untouched.\n"
        "\n"
        "WHAT FAILED\n"
        "\n"
        "corrupt-image (1): The file starts like an image but its data is damaged.\n"
        "What to do: Open it on your computer; export it again or upload another copy.\n"
        "  - norway/00000.jpg\n"
        "\n"
        "This sums up 2 batches.\n"
    )
    assert {name: value["StringValue"] for name, value in message.attributes.items()} == {
        "status": "failed",
        "failed": "1",
        "stage": "prod",
    }


def test_machines_read_that_it_is_a_roll_up() -> None:
    document = machine_document(combine([digest_of(make_result())], stage="prod", unreadable=2))
    assert (document["kind"], document["stage"], document["batches"], document["unreadable"]) == (
        "roll-up",
        "prod",
        1,
        2,
    )
    assert [record["key"] for record in document["records"]] == ["norway/IMG_4200.jpg"]


def test_a_digest_that_is_delivered_twice_counts_once() -> None:
    full = digest_of(*make_results(300, Outcome.PROCESSED))
    assert counts_of(combine([full, full], stage="prod")) == {"processed": 300}


def test_two_digests_of_one_request_about_different_messages_both_count() -> None:
    one, other = (digest_of(make_result(message_id=name, etag=name)) for name in "ab")
    assert counts_of(combine([one, other], stage="prod")) == {"processed": 2}


PROCESSED, RETRYING, DUPLICATE = (Outcome.PROCESSED, None), (Outcome.RETRYING, CORRUPT), (Outcome.DUPLICATE, None)
DEAD_LETTERED, GONE = (Outcome.DEAD_LETTERED, CORRUPT), (Outcome.GONE, None)
SUPERSEDED = (Outcome.SUPERSEDED, None)


@pytest.mark.parametrize(
    ("reported", "shown"),
    [
        pytest.param([RETRYING, RETRYING, PROCESSED], "processed", id="retried with success"),
        pytest.param([PROCESSED, RETRYING], "processed", id="the report of the retry came late"),
        pytest.param([RETRYING, RETRYING], "retrying", id="still on the way"),
        pytest.param([DEAD_LETTERED, PROCESSED], "processed", id="redriven with success"),
        pytest.param([DEAD_LETTERED, RETRYING, DEAD_LETTERED], "dead-lettered", id="redriven in vain"),
        pytest.param([PROCESSED, DUPLICATE], "processed", id="delivered again"),
        pytest.param([DUPLICATE, PROCESSED], "processed", id="delivered again, reports in another order"),
        pytest.param([PROCESSED, GONE], "processed", id="delivered again after it was deleted"),
        pytest.param([PROCESSED, SUPERSEDED], "processed", id="delivered again after it was overwritten"),
        pytest.param([DEAD_LETTERED, GONE], "gone", id="redriven after it was deleted"),
    ],
)
def test_a_photo_is_shown_once_by_its_last_final_outcome(
    reported: list[tuple[Outcome, FailureCode | None]], shown: str
) -> None:
    assert combined(*reported) == {shown: 1}


def test_a_redriven_photo_is_the_same_although_its_message_has_another_id() -> None:
    failed = digest_of(make_result(Outcome.DEAD_LETTERED, code=CORRUPT, message_id="old"), request_id="r-1")
    ready = digest_of(make_result(message_id="new"), request_id="r-2")
    assert counts_of(combine([failed, ready], stage="prod")) == {"processed": 1}


@pytest.mark.parametrize(("first", "second"), [*permutations([RETRYING, DEAD_LETTERED, GONE, PROCESSED], 2)])
def test_the_order_in_which_digests_are_received_changes_nothing(
    first: tuple[Outcome, FailureCode | None], second: tuple[Outcome, FailureCode | None]
) -> None:
    sent = [(1000, first), (2000, second)]
    messages = []
    for received in (sent, sent[::-1]):
        window = RollUpWindow()
        for sent_ms, (outcome, code) in received:
            window.add(digest_of(make_result(outcome, code=code), request_id=f"r-{sent_ms}"), sent_ms)
        messages.append(window.message(stage="prod"))
    assert counts_of(messages[0]) == counts_of(messages[1]) == combined(first, second)
    assert email_text(messages[0]) == email_text(messages[1])


def test_an_overwritten_photo_is_another_photo() -> None:
    first, second = (digest_of(make_result(etag=etag), request_id=etag) for etag in ("e-1", "e-2"))
    assert counts_of(combine([first, second], stage="prod")) == {"processed": 2}


def test_without_an_etag_the_message_id_tells_photos_apart() -> None:
    tries = [
        digest_of(make_result(Outcome.RETRYING, code=CORRUPT, etag="", message_id="m-1"), request_id="r-1"),
        digest_of(make_result(etag="", message_id="m-1"), request_id="r-2"),
        digest_of(make_result(etag="", message_id="m-2"), request_id="r-3"),
    ]
    assert counts_of(combine(tries, stage="prod")) == {"processed": 2}


def test_malformed_messages_count_by_their_id() -> None:
    digests = [digest_of(malformed(name), request_id=f"r-{i}") for i, name in enumerate("aab")]
    assert combine(digests, stage="prod").subject == "Darkroom prod: 2 messages failed"


def test_records_that_a_digest_had_no_room_for_still_count() -> None:
    message = combine([digest_of(*make_results(300, Outcome.DEAD_LETTERED, CORRUPT))], stage="prod")
    document = machine_document(message)
    assert counts_of(message) == {"dead-lettered": 300}
    assert document["bytes_in"] == 300 * 4_000_000
    assert document["omitted"] == 300 - len(document["records"])
    text = email_text(message)
    unnamed = re.search(r"^  and (\d+) more$", text, re.MULTILINE)
    unlisted = re.search(r"^(\d+) more failures did not fit into the reports of their batches\.$", text, re.MULTILINE)
    assert unnamed
    assert unlisted
    assert text.count("\n  - ") + int(unnamed[1]) + int(unlisted[1]) == 300


def test_the_files_are_not_numbered_when_not_all_are_known() -> None:
    message = combine([digest_of(*make_results(300, Outcome.PROCESSED))], stage="prod")
    assert "300 are ready (180.0 MB).\n" in email_text(message)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (1, "1 report could not be read, so photos are missing above."),
        (2, "2 reports could not be read, so photos are missing above."),
    ],
)
def test_unreadable_reports_are_told_of(number: int, sentence: str) -> None:
    message = combine([digest_of(make_result())], stage="prod", unreadable=number)
    assert sentence in email_text(message)
    assert message.attributes["status"]["StringValue"] == "failed"
    assert message.attributes["failed"]["StringValue"] == "0"


def test_when_nothing_could_be_read_the_mail_says_just_that() -> None:
    message = combine([], stage="prod", unreadable=1)
    assert message.subject == "Darkroom prod: 1 report unreadable"
    assert email_text(message) == "1 report could not be read, so photos are missing above.\n"


@unhurried
@given(st.lists(st.lists(results, max_size=6), max_size=4), hostile_text.map(lambda text: text[:50]), st.integers(0, 9))
def test_sns_takes_the_roll_up_of_any_digests(batches: list[list[RecordResult]], stage: str, unreadable: int) -> None:
    digests = [digest_of(*batch, request_id=f"r-{i}") for i, batch in enumerate(batches)]
    assert_sns_takes(combine(digests, stage=stage, unreadable=unreadable))


def many_failures(retried_to: Outcome | None = None) -> DigestMessage:
    """Report 1,000 dead-lettered photos, and then all of them once more with another outcome."""
    photos = [make_result(Outcome.DEAD_LETTERED, key=f"{i:04}", code=CORRUPT, etag=f"{i}") for i in range(1000)]
    window = RollUpWindow()
    for batch in range(100):
        reported = photos[batch * 10 : batch * 10 + 10]
        window.add(digest_of(*reported, request_id=f"r-{batch}"), 1000)
        if retried_to:
            again = (replace(photo, outcome=retried_to, code=None, bytes_out=600_000) for photo in reported)
            window.add(digest_of(*again, request_id=f"again-{batch}"), 2000)
    return window.message(stage="prod")


def test_more_failures_of_a_code_than_are_named_are_all_counted_under_it() -> None:
    message = many_failures()
    assert len(machine_document(message)["records"]) < MAX_NAMED < 1000
    assert "\ncorrupt-image (1,000): " in email_text(message)
    assert "\n  and 950 more\n" in email_text(message)
    assert "did not fit into the reports of their batches" not in email_text(message)
    assert variants(message)["sms"].endswith("Why: 1,000 corrupt-image.")


def test_a_photo_whose_outcome_changes_leaves_nothing_of_the_first_one_behind() -> None:
    message = many_failures(Outcome.PROCESSED)
    document = machine_document(message)
    assert counts_of(message) == {"processed": 1000}
    assert (document["bytes_in"], document["bytes_out"]) == (1000 * 4_000_000, 1000 * 600_000)
    assert "WHAT FAILED" not in email_text(message)


def test_messages_that_name_no_photo_are_counted_apart_however_many_there_are() -> None:
    digests = [digest_of(malformed(f"m-{i}"), request_id=f"r-{i}") for i in range(300)]
    assert combine(digests, stage="prod").subject == "Darkroom prod: 300 messages failed"


def window_of(*repeated: bool, has_more: bool = False) -> DigestMessage:
    window = RollUpWindow()
    for number, is_repeated in enumerate(repeated):
        result = make_result(message_id=f"m-{number}", etag=f"e-{number}")
        window.add(digest_of(result, request_id=f"r-{number}"), is_repeated=is_repeated)
    return window.message(stage="prod", has_more=has_more)


@pytest.mark.parametrize(
    ("repeated", "subject", "sentence"),
    [
        ((False, True), "partly repeated", "The report of 1 batch may have been in an earlier summary"),
        ((True, True), "repeated", "The reports of 2 batches may have been in an earlier summary"),
    ],
)
def test_what_an_earlier_summary_may_have_reported_is_marked(
    repeated: tuple[bool, ...], subject: str, sentence: str
) -> None:
    message = window_of(*repeated)
    assert message.subject == f"Darkroom prod: 2 photos ready, {subject}"
    assert subject in variants(message)["sms"]
    assert sentence in email_text(message)
    assert machine_document(message)["repeated"] == sum(repeated)


def test_a_summary_says_when_the_next_one_has_more() -> None:
    assert "More batches have reported; the next summary has them." in email_text(window_of(False, has_more=True))
    assert machine_document(window_of(False, has_more=True))["has_more"] is True
    usual = window_of(False, False)
    assert "repeated" not in usual.subject + email_text(usual)
    assert "next summary" not in email_text(usual)


def test_sns_takes_the_roll_up_of_five_hundred_digests() -> None:
    digests = [
        digest_of(
            *(make_result(Outcome.DEAD_LETTERED, key=f"{b}-{i}", code=CORRUPT, etag=f"{b}-{i}") for i in range(10)),
            request_id=f"r-{b}",
        )
        for b in range(500)
    ]
    message = combine(digests, stage="prod")
    assert_sns_takes(message)
    assert counts_of(message) == {"dead-lettered": 5000}
    assert "\n  and 4,950 more\n" in email_text(message)


@unhurried
@given(results)
def test_a_record_is_read_back_as_it_was(result: RecordResult) -> None:
    read = read_record(json.loads(json.dumps(record_document(result))))
    assert record_document(read) == record_document(result)
    assert (read.source is None) == (result.source is None)
    assert read.milliseconds == result.milliseconds
    assert read.layout == result.layout


@pytest.mark.parametrize("sizes", [1, [], {"large.jpg": 1}, {"large.jpg": [1]}, {"large.jpg": [1, "2"]}])
def test_sizes_of_another_kind_make_a_digest_unreadable(sizes: object) -> None:
    with pytest.raises(UnreadableDigestError):
        read_record({**record_document(make_result()), "sizes": sizes, "thumb_hash": ""})


def test_a_record_of_an_earlier_version_has_no_layout() -> None:
    assert read_record(record_document(make_result())).layout is None


def test_the_longest_story_still_fits_the_subject_and_the_sms() -> None:
    vast = BatchDigest(
        request_id="r", results=(), unlisted=dict.fromkeys(Outcome, 10**15), unlisted_bytes_in=0, unlisted_bytes_out=0
    )
    assert_sns_takes(combine([vast], stage="s" * 100, unreadable=10**15))
    window = RollUpWindow()
    window.add(vast, is_repeated=True)
    marked = window.message(stage="s" * 100, unreadable=10**15)
    assert_sns_takes(marked)
    assert marked.subject.endswith(", repeated")


def notification(message: str) -> str:
    return json.dumps({"Type": "Notification", "MessageId": "n-1", "Subject": "Darkroom", "Message": message})


def test_a_digest_is_read_with_and_without_the_envelope_of_sns() -> None:
    body = variants(summarise("prod", "request-1", (make_result(),)))["sqs"]
    assert BatchDigest.from_body(notification(body)) == BatchDigest.from_body(body)


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    document = machine_document(summarise("prod", "request-1", (make_result(),)))
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("not JSON", "the body is not JSON", id="text"),
        pytest.param("[" * 100_000, "the body is not JSON", id="nested without end"),
        pytest.param("[]", "the digest is not a JSON object", id="list"),
        pytest.param("{}", "this is not a digest of a batch in version 1", id="empty object"),
        pytest.param(notification("hello"), "the body is not JSON", id="envelope around text"),
        pytest.param('{"Type": "Notification"}', "Message is missing or not text", id="empty envelope"),
        pytest.param(changed(lambda d: d.update(version=2)), "not a digest of a batch in version 1", id="version"),
        pytest.param(changed(lambda d: d.update(kind="roll-up")), "not a digest of a batch", id="a roll-up"),
        pytest.param(changed(lambda d: d.update(records=None)), "records is not a list", id="no records"),
        pytest.param(changed(lambda d: d.update(records=["x"])), "a record is not a JSON object", id="odd record"),
        pytest.param(changed(lambda d: d.pop("request_id")), "request_id is missing", id="no request id"),
        pytest.param(changed(lambda d: d.update(bytes_in=-1)), "bytes_in is missing or not a whole", id="negative"),
        pytest.param(changed(lambda d: d.update(bytes_in=10**4000)), "bytes_in is missing or not a whole", id="huge"),
        pytest.param(changed(lambda d: d.update(bytes_out=True)), "bytes_out is missing or not a whole", id="boolean"),
        pytest.param(changed(lambda d: d["counts"].update(processed=0)), "lists more than it counts", id="miscounted"),
        pytest.param(changed(lambda d: d["counts"].update(lost=1)), "'lost' is not a valid Outcome", id="new outcome"),
        pytest.param(changed(lambda d: d["records"][0].pop("key")), "key is missing or not text", id="no key"),
        pytest.param(changed(lambda d: d["records"][0].update(code="odd")), "not a valid FailureCode", id="new code"),
        pytest.param(changed(lambda d: d["records"][0].update(outputs=[1])), "outputs is not a list", id="outputs"),
    ],
)
def test_what_is_not_a_digest_is_refused_with_the_reason(body: str, reason: str) -> None:
    with pytest.raises(UnreadableDigestError, match=reason):
        BatchDigest.from_body(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
record_fields = st.sampled_from(sorted(record_document(make_result())))
digest_fields = st.sampled_from(sorted(machine_document(summarise("prod", "r", ()))))


@unhurried
@given(digest_fields, record_fields, json_values, st.booleans())
def test_any_broken_field_is_refused_or_understood_and_never_crashes(
    digest_field: str, record_field: str, value: object, in_record: bool
) -> None:
    document = machine_document(summarise("prod", "request-1", (make_result(),)))
    if in_record:
        document["records"][0][record_field] = value
    else:
        document[digest_field] = value
    try:
        digest = BatchDigest.from_body(json.dumps(document))
    except UnreadableDigestError:
        return
    assert_sns_takes(combine([digest], stage="prod"))
