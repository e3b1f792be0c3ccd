"""Checks that SNS accepts the digest of any batch; the limits are from the SNS API reference, Publish."""

import json
import re
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.digest.message import DigestMessage, email_text, summarise
from processing.digest.sns_limits import embedded_bytes, encode_json, fair_shares, most_that_fit
from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult, SourceObject
from tests.unit.processing.digest.digest_examples import (
    hostile_text,
    machine_document,
    make_result,
    make_results,
    results,
    unhurried,
    variants,
)

SNS_CHARACTERS = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
GSM_ASCII = re.compile(r"[A-Za-z0-9 .,:_-]*")
stages = hostile_text.map(lambda text: text[:200])
some_results = st.lists(results, max_size=6).map(tuple)
LARGE = [
    pytest.param("holiday/IMG", id="short names"),
    pytest.param("📸" * 254, id="1,024 bytes of four-byte characters"),
    pytest.param("\x01" * 1016, id="1,024 control characters"),
    pytest.param('"\\' * 508, id="1,024 quotes and backslashes"),
    pytest.param("\ud800" * 254, id="lone surrogates"),
]


def assert_sns_takes(digest: DigestMessage) -> None:
    assert re.fullmatch(r"[\x20-\x7e]{1,99}", digest.subject)
    assert SNS_CHARACTERS.fullmatch(digest.message)
    attributes = [part for name, value in digest.attributes.items() for part in (name, *value.values())]
    assert all(attributes)
    assert len(digest.message.encode()) + sum(len(part.encode()) for part in attributes) <= 262_144
    texts = json.loads(digest.message)
    assert texts["default"]
    assert all(isinstance(text, str) and SNS_CHARACTERS.fullmatch(text) for text in texts.values())
    assert len(texts["sms"].encode()) <= 140
    assert GSM_ASCII.fullmatch(texts["sms"])


def many(prefix: str, outcome: Outcome, code: FailureCode | None, number: int = 10_000) -> tuple[RecordResult, ...]:
    return tuple(
        make_result(outcome, key=f"{prefix}{i:08}", code=code, detail=prefix, message_id=f"m-{i}", etag=f"e-{i}")
        for i in range(number)
    )


@unhurried
@given(stages, hostile_text, some_results)
def test_sns_takes_the_digest_of_any_batch(stage: str, request_id: str, listed: tuple[RecordResult, ...]) -> None:
    assert_sns_takes(summarise(stage, request_id, listed))


@unhurried
@given(stages, hostile_text, some_results)
def test_machines_read_exactly_what_was_in_the_records(
    stage: str, request_id: str, listed: tuple[RecordResult, ...]
) -> None:
    document = machine_document(summarise(stage, request_id, listed))
    assert document["stage"] == stage
    assert document["request_id"] == request_id
    assert document["omitted"] == len(listed) - len(document["records"])
    given_keys = [(r.message_id, r.source.key if r.source else "", r.outcome.value) for r in listed]
    read_keys = [(r["message_id"], r["key"], r["outcome"]) for r in document["records"]]
    assert Counter(read_keys) <= Counter(given_keys)


@unhurried
@given(hostile_text, hostile_text, st.sampled_from(Outcome))
def test_no_key_or_detail_adds_a_line_to_the_mail(key: str, detail: str, outcome: Outcome) -> None:
    def lines(key: str, detail: str) -> list[str]:
        result = make_result(outcome, key=key, code=FailureCode.CORRUPT_IMAGE, detail=detail)
        return email_text(summarise("prod", "request-7", (result,))).splitlines()

    assert len(lines(key, detail)) == len(lines("plain.jpg", detail and "plain"))


@unhurried
@given(hostile_text)
def test_the_mail_holds_only_characters_that_print(key: str) -> None:
    failed = make_result(Outcome.DEAD_LETTERED, key=key, code=FailureCode.CORRUPT_IMAGE, detail=key)
    text = email_text(summarise("prod", key, (failed,)))
    assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize("prefix", LARGE)
def test_sns_takes_the_digest_of_ten_thousand_failures(prefix: str) -> None:
    digest = summarise("prod", "request-7", many(prefix, Outcome.DEAD_LETTERED, FailureCode.CORRUPT_IMAGE))
    assert_sns_takes(digest)
    document = machine_document(digest)
    assert document["counts"]["dead-lettered"] == 10_000
    assert document["records"]
    assert document["omitted"] == 10_000 - len(document["records"])
    assert "\n  and 9,950 more\n" in email_text(digest)


@pytest.mark.parametrize("prefix", LARGE)
def test_the_room_is_used_to_the_last_record(prefix: str) -> None:
    digest = summarise("prod", "request-7", many(prefix, Outcome.DEAD_LETTERED, FailureCode.CORRUPT_IMAGE, 500))
    one_more = 4 * embedded_bytes("," + encode_json(machine_document(digest)["records"][0]))
    assert len(digest.message.encode()) + one_more > 262_144


def test_ten_thousand_records_are_summed_up_in_a_moment() -> None:
    failed = many("\x01" * 1016, Outcome.DEAD_LETTERED, FailureCode.CORRUPT_IMAGE)
    started = time.process_time()
    summarise("prod", "request-7", failed)
    assert time.process_time() - started < 3  # about 0.6 s; quadratic work would take minutes


def test_a_batch_of_fifty_is_listed_completely() -> None:
    assert machine_document(summarise("prod", "r", make_results(50, Outcome.PROCESSED)))["omitted"] == 0


@unhurried
@given(st.permutations([Outcome.PROCESSED, Outcome.DEAD_LETTERED, Outcome.RETRYING]))
def test_failures_are_kept_before_retries_and_these_before_successes(outcomes: list[Outcome]) -> None:
    code = FailureCode.CORRUPT_IMAGE
    mixed = [r for o in outcomes for r in make_results(60, o, None if o is Outcome.PROCESSED else code)]
    document = machine_document(summarise("prod", "request-7", tuple(mixed)))
    kept = [record["outcome"] for record in document["records"]]
    assert document["omitted"] > 0
    assert kept[:120] == ["dead-lettered"] * 60 + ["retrying"] * 60
    assert set(kept[120:]) <= {"processed"}


def test_a_giant_key_pushes_out_itself_and_not_the_other_failures() -> None:
    giant = make_result(Outcome.DEAD_LETTERED, key="\x01" * 100_000, code=FailureCode.CORRUPT_IMAGE, message_id="giant")
    others = make_results(20, Outcome.DEAD_LETTERED, FailureCode.CORRUPT_IMAGE)
    document = machine_document(summarise("prod", "request-7", (giant, *others)))
    assert document["omitted"] == 1
    assert [record["message_id"] for record in document["records"]] == [result.message_id for result in others]


@unhurried
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 100)), max_size=40), st.integers(0, 1000))
def test_what_is_kept_fits_and_nothing_less_important_is_kept_instead(
    items: list[tuple[int, int]], budget: int
) -> None:
    ranks, costs = [rank for rank, _ in items], [cost for _, cost in items]
    kept = most_that_fit(ranks, costs, budget)
    left = [position for position in range(len(items)) if position not in kept]
    assert sum(costs[position] for position in kept) <= budget
    assert all(ranks[k] <= ranks[position] for k in kept for position in left)


@unhurried
@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=18), st.integers(18, 60))
def test_places_are_shared_without_waste_and_every_group_gets_one(sizes: list[int], total: int) -> None:
    shares = fair_shares(sizes, total)
    assert sum(shares) == min(total, sum(sizes))
    assert all(1 <= share <= size for share, size in zip(shares, sizes, strict=True))


def test_a_record_without_an_outcome_code_is_still_told_of() -> None:
    source = SourceObject(bucket="photos", key="a.jpg")
    failed = RecordResult(message_id="m-1", source=source, outcome=Outcome.DEAD_LETTERED)
    assert "  - a.jpg\n" in variants(summarise("prod", "r", (failed,)))["email"]
