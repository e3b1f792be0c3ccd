import json
from contextlib import suppress
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.failures import FailureCode, PermanentError
from processing.s3_events import parse_message, parse_records
from tests.support.events import s3_body, s3_record

keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200).filter(lambda k: not k.endswith("/"))


@given(keys, st.sampled_from([quote_plus, quote, lambda key: quote(key, safe="")]))
def test_any_key_survives_the_encodings_that_s3_and_its_emulators_use(key: str, encode) -> None:  # type: ignore[no-untyped-def]
    record = s3_record("ignored") | {}
    record["s3"]["object"]["key"] = encode(key)
    (source,) = parse_message(json.dumps({"Records": [record]}))
    assert source.key == key


def test_a_key_is_decoded_exactly_once() -> None:
    (source,) = parse_message(s3_body("100%25 sure.jpg"))
    assert source.key == "100%25 sure.jpg"


def test_a_record_carries_all_that_names_its_version() -> None:
    (source,) = parse_message(s3_body("a.jpg", size=12, etag="abc", sequencer="00A1", version_id="v7"))
    assert (source.size_bytes, source.etag, source.sequencer, source.version_id) == (12, "abc", "00A1", "v7")


@pytest.mark.parametrize(
    ("name", "attribute", "absent"),
    [("size", "size_bytes", 0), ("eTag", "etag", ""), ("sequencer", "sequencer", ""), ("versionId", "version_id", "")],
)
def test_null_is_the_same_as_an_absent_field(name: str, attribute: str, absent: object) -> None:
    record = s3_record("a.jpg")
    record["s3"]["object"][name] = None
    (source,) = parse_message(json.dumps({"Records": [record]}))
    assert getattr(source, attribute) == absent


@pytest.mark.parametrize("how", ["Put", "Post", "Copy", "CompleteMultipartUpload"])
@pytest.mark.parametrize("prefix", ["", "s3:"])
def test_an_object_may_be_created_in_any_way(prefix: str, how: str) -> None:
    record = s3_record("a.jpg") | {"eventName": f"{prefix}ObjectCreated:{how}"}
    assert [source.key for source in parse_message(json.dumps({"Records": [record]}))] == ["a.jpg"]


@pytest.mark.parametrize("etag", ["d41d8cd98f00b204e9800998ecf8427e-12", "9b2cf535f27731c974343645a3985328", '"e1-2"'])
def test_the_etag_of_a_multipart_upload_is_kept_without_quotes(etag: str) -> None:
    (source,) = parse_message(s3_body("a.jpg", etag=etag))
    assert source.etag == etag.strip('"')


def test_a_message_may_hold_several_s3_records() -> None:
    assert [s.key for s in parse_message(s3_body("a.jpg", "b.jpg"))] == ["a.jpg", "b.jpg"]


def test_the_test_event_of_s3_names_no_source_object() -> None:
    assert parse_message(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"})) == ()


def test_a_folder_marker_of_the_console_is_no_photo() -> None:
    assert parse_message(s3_body("holiday/", size=0)) == ()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not json",
        "[]",
        "null",
        "42",
        "{}",
        '{"Records": []}',
        '{"Records": {}}',
        '{"Records": [42]}',
        '{"Records": [{}]}',
        '{"Records": [{"eventName": "ObjectCreated:Put", "s3": {}}]}',
        '{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": 7}, "object": {"key": "a"}}}]}',
        '{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": ""}}}]}',
        '{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": "%ff"}}}]}',
        '{"Records": [{"eventName": "ObjectCreated:", "s3": {"bucket": {"name": "\\ud800"}, "object": {"key": "a"}}}]}',
        '{"Records": [{"eventName": "ObjectRemoved:Delete", "s3": {"bucket": {"name": "b"}, "object": {"key": "a"}}}]}',
        '{"Records": ' + "[" * 100_000,
    ],
)
def test_anything_but_an_event_of_created_objects_is_a_malformed_message(body: str) -> None:
    with pytest.raises(PermanentError) as caught:
        parse_message(body)
    assert caught.value.code is FailureCode.MALFORMED_MESSAGE


@given(
    st.text()
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(st.sampled_from(["Records", "s3", "bucket", "object", "key", "name", "eventName"]), x)
        ),
    ).map(json.dumps)
)
def test_no_body_raises_anything_but_malformed_message(body: str) -> None:
    with suppress(PermanentError):
        parse_message(body)


@pytest.mark.parametrize("size", ["1e999", "-1", "1e300", "9" * 30, '"12x"', "NaN", "[]"])
def test_a_size_that_no_object_can_have_is_malformed(size: str) -> None:
    body = s3_body("a.jpg").replace('"size": 1000', f'"size": {size}')
    with pytest.raises(PermanentError) as caught:
        parse_message(body)
    assert caught.value.code is FailureCode.MALFORMED_MESSAGE


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("eTag", 'x"\r\nx-amz-acl: public-read'),
        ("eTag", "ü"),
        ("eTag", "a" * 300),
        ("sequencer", "later"),
        ("sequencer", "0" * 19),
        ("versionId", "a b"),
    ],
)
def test_what_would_not_fit_into_a_header_is_malformed(field: str, value: str) -> None:
    record = s3_record("a.jpg")
    record["s3"]["object"][field] = value
    with pytest.raises(PermanentError) as caught:
        parse_message(json.dumps({"Records": [record]}))
    assert caught.value.code is FailureCode.MALFORMED_MESSAGE


@pytest.mark.parametrize("bucket", ["", "a", "b" * 300, "../up", "two words", "new\nline", "bucket/key", "ümläut"])
def test_what_is_no_bucket_name_is_malformed(bucket: str) -> None:
    with pytest.raises(PermanentError) as caught:
        parse_message(s3_body("a.jpg", bucket=bucket))
    assert caught.value.code is FailureCode.MALFORMED_MESSAGE


@pytest.mark.parametrize("sequencer", ["0055AED6DCD90281E5", "17A2B3C4D5E6F708"])
def test_a_sequencer_as_long_as_s3s_is_kept(sequencer: str) -> None:
    (source,) = parse_message(s3_body("a.jpg", sequencer=sequencer))
    assert source.sequencer == sequencer


@pytest.mark.parametrize("key", ["a.jpg", "folder/"])
def test_a_record_of_another_bucket_than_the_input_bucket_makes_the_message_malformed(key: str) -> None:
    records = [s3_record("ours.jpg", bucket="photos"), s3_record(key, bucket="renditions", size=0)]
    with pytest.raises(PermanentError) as caught:
        parse_records(json.dumps({"Records": records}), "photos")
    assert caught.value.code is FailureCode.MALFORMED_MESSAGE
    assert "renditions" in caught.value.detail


def test_a_record_of_the_input_bucket_is_parsed() -> None:
    (record,) = parse_records(s3_body("a.jpg", bucket="photos"), "photos")
    assert record.source.key == "a.jpg"


@given(st.text().filter(lambda text: not text.removeprefix("s3:").startswith("ObjectCreated:")))
def test_what_a_malformed_message_says_of_itself_is_one_short_line(text: str) -> None:
    for record in ({text: 1}, {"eventName": text, "s3": {"bucket": {"name": "photos"}, "object": {"key": "a"}}}):
        with pytest.raises(PermanentError) as caught:
            parse_message(json.dumps({"Records": [record]}))
        assert caught.value.detail.isprintable()
        assert len(caught.value.detail) < 200


def test_the_record_of_a_message_with_one_keeps_its_body() -> None:
    body = s3_body("a.jpg")
    assert [record.body for record in parse_records(body)] == [body]


@given(st.lists(keys, min_size=2, max_size=5, unique=True))
def test_each_record_of_a_message_has_a_body_that_names_it_alone(names: list[str]) -> None:
    records = parse_records(s3_body(*names))
    assert [record.source.key for record in records] == names
    for record in records:
        assert parse_message(record.body) == (record.source,)
