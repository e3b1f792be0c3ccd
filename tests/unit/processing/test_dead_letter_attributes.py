import re

from hypothesis import given
from hypothesis import strategies as st

from processing.dead_letter_attributes import reason_attributes
from processing.failures import FailureCode, PermanentError
from processing.outcomes import SourceObject

# Amazon SQS API Reference, SendMessage: what a message may contain.
ALLOWED = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


@given(st.sampled_from(FailureCode), st.text(st.characters(), max_size=1500), st.text(st.characters(), max_size=1500))
def test_whatever_the_key_and_the_detail_sqs_takes_the_attributes(code: FailureCode, key: str, detail: str) -> None:
    attributes = reason_attributes(
        PermanentError(code, detail),
        SourceObject(bucket="b", key=key),
        attempts=1,
        first_seen="",
        request_id="r",
        message_id="m",
    )
    assert len(attributes) <= 10
    assert all(ALLOWED.fullmatch(value) and len(value) <= 1024 for value in attributes.values())
    assert attributes["failure-code"] == code.value
