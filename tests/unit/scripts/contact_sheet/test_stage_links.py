from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import boto3
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from scripts.cli.errors import OperatorError
from scripts.contact_sheet.stage_links import expiry_note, parse_base_url, parse_expires, split_query, stage_links

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def stage(token: str | None = None) -> Any:
    session = boto3.Session("AKIDEXAMPLE", "secret", token, region_name="eu-central-1")
    return SimpleNamespace(session=session, endpoint_url=None, outputs=SimpleNamespace(output_bucket="renditions"))


def test_a_link_has_the_regions_host_the_key_and_a_signature_for_as_long_as_asked() -> None:
    links = stage_links(stage("a-token"), timedelta(hours=2), None)
    url = urlsplit(f"{links.address('day 2/ü+%.jpg/large.jpg')}&{links.query}")
    assert url.hostname == "renditions.s3.eu-central-1.amazonaws.com"
    assert url.path == f"/{quote('day 2/ü+%.jpg/large.jpg')}"
    query = parse_qs(url.query)
    assert (query["X-Amz-Expires"], query["X-Amz-Security-Token"]) == (["7200"], ["a-token"])
    assert len(query["X-Amz-Signature"][0]) == 64


def test_a_session_token_is_in_the_page_once_and_not_in_each_link() -> None:
    links = stage_links(stage("a-token"), None, None)
    assert "a-token" in links.query
    assert "a-token" not in links.address("a.jpg/large.jpg")


def test_images_may_come_from_the_output_bucket_only() -> None:
    assert stage_links(stage(), None, None).origin == "https://renditions.s3.eu-central-1.amazonaws.com"


@given(st.lists(st.sampled_from(["X-Amz-Expires=1", "X-Amz-Signature=2", "X-Amz-Date=3", "X-Amz-Security-Token=4"])))
def test_a_split_url_has_the_same_query_when_it_is_put_together(parts: list[str]) -> None:
    address, common = split_query(f"https://host/key?{'&'.join(parts)}")
    assert parse_qs(urlsplit(f"{address}&{common}").query) == parse_qs("&".join(parts))


@pytest.mark.parametrize("text", ["59s", "8d", "169h", "0s"])
def test_a_time_that_no_presigned_link_can_have_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="7 days at most"):
        parse_expires(text)


def test_seven_days_are_the_longest_time() -> None:
    assert parse_expires("7d") == timedelta(days=7)


@pytest.mark.parametrize(
    "text",
    [
        "cdn.example.com",
        "ftp://example.com",
        "https://",
        "javascript:alert(1)",
        "https://a b.example.com",
        "https://x;'y",
    ],
)
def test_a_base_url_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not an address"):
        parse_base_url(text)


@pytest.mark.parametrize("text", ["https://me:secret@example.com", "https://example.com/?a", "https://example.com/#a"])
def test_a_base_url_to_which_no_key_can_be_appended_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="a user, a query or a fragment"):
        parse_base_url(text)


@pytest.mark.parametrize("text", ["https://cdn.example.com", "https://cdn.example.com/"])
def test_a_link_below_a_base_url_has_one_slash_before_the_key(text: str) -> None:
    links = stage_links(stage(), None, parse_base_url(text))
    assert links.address("a b.jpg/large.jpg") == "https://cdn.example.com/a%20b.jpg/large.jpg"


def test_links_that_never_expire_cannot_be_given_a_time() -> None:
    with pytest.raises(OperatorError, match="Give one of both"):
        stage_links(stage(), timedelta(hours=1), "https://cdn.example.com/")


def test_without_credentials_nothing_can_be_signed() -> None:
    anonymous = SimpleNamespace(session=SimpleNamespace(get_credentials=lambda: None))
    with pytest.raises(OperatorError, match="no AWS credentials to sign links with"):
        stage_links(anonymous, None, None)  # type: ignore[arg-type]


def test_the_note_says_until_when_links_work() -> None:
    assert expiry_note(NOW, timedelta(days=1), None, is_temporary=False) == "The links work until 2026-11-26 12:00 UTC."


def test_credentials_that_end_earlier_end_the_links() -> None:
    note = expiry_note(NOW, timedelta(days=1), NOW + timedelta(hours=1), is_temporary=True)
    assert note.startswith("The links work until 2026-11-25 13:00 UTC: the credentials that signed them end then")


def test_temporary_credentials_that_do_not_say_when_they_end_are_named() -> None:
    note = expiry_note(NOW, timedelta(days=1), None, is_temporary=True)
    assert note.endswith("but no longer than the temporary credentials that signed them.")


def test_the_end_of_temporary_credentials_is_read_from_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = datetime.now(UTC) + timedelta(hours=1)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_CREDENTIAL_EXPIRATION": ends.isoformat(),
    }.items():
        monkeypatch.setenv(name, value)
    temporary = stage()
    temporary.session = boto3.Session(region_name="eu-central-1")
    (note,) = stage_links(temporary, timedelta(days=7), None).notes
    assert f"until {ends:%Y-%m-%d %H:%M} UTC: the credentials" in note
