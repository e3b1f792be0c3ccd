"""Results and hostile keys for the tests of the digest and of the roll-up."""

import json
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from processing.digest.message import DigestMessage
from processing.failures import FailureCode
from processing.layout import Layout
from processing.outcomes import Outcome, RecordResult, SourceObject

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure

OUTPUT_NAMES = ("large.jpg", "medium.jpg", "small.jpg", "document.pdf")


def make_result(
    outcome: Outcome = Outcome.PROCESSED,
    *,
    key: str = "norway/IMG_4200.jpg",
    code: FailureCode | None = None,
    detail: str = "",
    message_id: str = "m-1",
    etag: str = "e-1",
) -> RecordResult:
    processed = outcome is Outcome.PROCESSED
    return RecordResult(
        message_id=message_id,
        source=SourceObject(bucket="photos", key=key, size_bytes=4_000_000, etag=etag, sequencer="0061A1"),
        outcome=outcome,
        code=code,
        detail=detail,
        outputs=tuple(f"{key}/{name}" for name in OUTPUT_NAMES) if processed else (),
        bytes_in=4_000_000,
        bytes_out=600_000 if processed else 0,
        milliseconds={"download": 40, "process": 130, "upload": 60} if processed else {},
    )


def make_results(number: int, outcome: Outcome, code: FailureCode | None = None) -> tuple[RecordResult, ...]:
    return tuple(
        make_result(outcome, key=f"norway/{i:05}.jpg", code=code, message_id=f"{outcome}-{i}", etag=f"{outcome}-{i}")
        for i in range(number)
    )


def malformed(message_id: str = "m-1") -> RecordResult:
    return RecordResult(
        message_id=message_id, source=None, outcome=Outcome.DEAD_LETTERED, code=FailureCode.MALFORMED_MESSAGE
    )


def variants(message: DigestMessage) -> dict[str, str]:
    """Return the texts by protocol, as SNS splits them."""
    texts = json.loads(message.message)
    assert isinstance(texts, dict)
    return texts


def machine_document(message: DigestMessage) -> dict[str, Any]:
    document = json.loads(variants(message)["sqs"])
    assert isinstance(document, dict)
    return document


def _is_possible(text: str) -> bool:
    """Return False for a surrogate pair, which every parser reads as one character."""
    return not any("\ud800" <= a < "\udc00" <= b <= "\udfff" for a, b in pairwise(text))


_NASTY = "\x00\x01\n\r\t\x0b\x0c\x1b\x7f\x85\u2028\u2029\u202e\u2066\u200b\ufeff\ufffe\uffff\ud800\udfff\"'\\{}[],:📸é "
hostile_text = st.one_of(
    st.text(st.sampled_from(_NASTY), max_size=60),
    st.text(st.characters(exclude_categories=()), max_size=60),
    st.sampled_from(["📸" * 256, "\x01" * 200, "\\" * 500, '"' * 500, "a\n  - forged.jpg", "%00", "x" * 1500]),
).filter(_is_possible)

sources = st.builds(
    SourceObject,
    bucket=st.sampled_from(["photos", "more-photos"]),
    key=hostile_text.filter(bool),
    etag=hostile_text,
    version_id=hostile_text,
    sequencer=hostile_text,
)
pixel_sizes = st.tuples(st.integers(1, 16_383), st.integers(1, 16_383))
results = st.builds(
    RecordResult,
    message_id=hostile_text,
    source=st.none() | sources,
    outcome=st.sampled_from(Outcome),
    code=st.none() | st.sampled_from(FailureCode),
    detail=hostile_text,
    outputs=st.lists(hostile_text, max_size=4).map(tuple),
    bytes_in=st.integers(0, 2**45),
    bytes_out=st.integers(0, 2**45),
    milliseconds=st.dictionaries(st.sampled_from(["download", "process", "upload"]), st.integers(0, 900_000)),
    layout=st.none()
    | st.builds(Layout, sizes=st.dictionaries(hostile_text, pixel_sizes, max_size=4), thumb_hash=hostile_text),
)
