import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.aws.sqs_message import MessageFormatError, StoredMessage

ALLOWED = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), min_size=1)
NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)
VALUES = st.one_of(
    st.builds(lambda text: {"DataType": "String", "StringValue": text}, ALLOWED),
    st.builds(lambda number: {"DataType": "Number", "StringValue": str(number)}, st.integers()),
    st.builds(lambda data: {"DataType": "Binary.gif", "BinaryValue": data}, st.binary(min_size=1)),
)


@given(ALLOWED, st.dictionaries(NAMES, VALUES, max_size=10))
def test_a_message_comes_back_from_its_json_as_it_was(body: str, attributes: dict[str, dict[str, Any]]) -> None:
    message = StoredMessage(id="m1", body=body, attributes=attributes, system={"SentTimestamp": "1"})
    assert StoredMessage.from_document(json.loads(json.dumps(message.to_document()))) == message


def test_it_is_sent_again_with_its_attributes() -> None:
    attributes = {"code": {"DataType": "String", "StringValue": "too-slow"}}
    message = StoredMessage(id="m1", body="b", attributes=attributes, system={"SentTimestamp": "1"})
    assert message.send_arguments() == {"MessageBody": "b", "MessageAttributes": attributes}


def test_a_redriven_message_starts_a_new_trace_so_that_lambda_counts_no_loop() -> None:
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=3995c3f42cd8ad8;Sampled=1;Lineage=25:1234abcd:15"
    message = StoredMessage(id="m1", body="b", system={"AWSTraceHeader": trace})
    assert message.send_arguments() == {"MessageBody": "b"}


def test_the_size_counts_body_names_types_and_values() -> None:
    attributes: dict[str, dict[str, Any]] = {
        "a": {"DataType": "String", "StringValue": "ü"},
        "bb": {"DataType": "Binary", "BinaryValue": b"123"},
    }
    assert StoredMessage(id="", body="ü!", attributes=attributes).size_bytes == 3 + (1 + 6 + 2) + (2 + 6 + 3)


@pytest.mark.parametrize(
    "document",
    [
        "text",
        [],
        {},
        {"body": ""},
        {"body": 7},
        {"body": "\x00"},
        {"body": "\ud800"},
        {"body": "b", "attributes": []},
        {"body": "b", "attributes": {f"a{i}": {"DataType": "String", "StringValue": "x"} for i in range(11)}},
        {"body": "b", "attributes": {"a b": {"DataType": "String", "StringValue": "x"}}},
        {"body": "b", "attributes": {"a": {"DataType": "String", "StringValue": ""}}},
        {"body": "b", "attributes": {"a": {"DataType": "String", "BinaryValue": "eA=="}}},
        {"body": "b", "attributes": {"a": {"DataType": "Binary", "BinaryValue": "not base64!"}}},
        {"body": "b", "attributes": {"a": {"DataType": "Text", "StringValue": "x"}}},
        {"body": "b", "attributes": {"a": {"DataType": "String", "StringValue": "x", "StringListValues": []}}},
        {"body": "b", "system": {"SentTimestamp": 1}},
        {"body": "b", "id": 1},
        {"body": "b" * (1024 * 1024 + 1)},
    ],
)
def test_what_sqs_would_refuse_is_refused_before_anything_is_sent(document: object) -> None:
    with pytest.raises(MessageFormatError):
        StoredMessage.from_document(document)
