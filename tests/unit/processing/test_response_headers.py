import re
from email.message import Message
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.response_headers import (
    MAX_CACHE_CONTROL_BYTES,
    content_disposition,
    parse_cache_control,
    response_headers,
)

MAX_SYSTEM_METADATA_BYTES = 2048  # Amazon S3 User Guide, "Working with object metadata"


def saved_name(header: str) -> str:
    """Return the file name that a browser saves, by Python's own header parser and RFC 8187."""
    message = Message()
    message["Content-Disposition"] = header
    assert message.get_content_disposition() == "inline"
    extended = re.search(r"filename\*=UTF-8''([^; ]+)$", header)
    return unquote(extended[1], errors="strict") if extended else str(message.get_filename())


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("beach.jpg", "beach.webp"),
        ("day 2/cliff.JPEG", "cliff.webp"),
        ("archive.2026.tiff", "archive.2026.webp"),
        ("no extension", "no extension.webp"),
        ("Mr. Smith and Mrs. Jones", "Mr. Smith and Mrs. Jones.webp"),
        (".jpg", ".jpg.webp"),
        ("größe/übung.png", "übung.webp"),
        ("写真.heic", "写真.webp"),
        ("100 %.jpg", "100 %.webp"),
        ('say "cheese".jpg', "say _cheese_.webp"),
        ("back\\slash.jpg", "back_slash.webp"),
        ("line\r\nSet-Cookie: a=b.jpg", "line__Set-Cookie: a=b.webp"),
        ("evil\u202egpj.exe", "evil_gpj.webp"),
        ("a/ .png", "photo.webp"),
        ("a;b, c.jpg", "a;b, c.webp"),
    ],
)
def test_an_output_is_shown_and_saved_under_the_photos_own_name(key: str, name: str) -> None:
    assert saved_name(content_disposition(key, ".webp")) == name


def test_a_plain_name_has_one_form_and_any_other_has_two() -> None:
    assert content_disposition("beach.jpg", ".jpg") == 'inline; filename="beach.jpg"'
    assert content_disposition("ü.png", ".pdf") == "inline; filename=\"_.pdf\"; filename*=UTF-8''%C3%BC.pdf"


@given(st.text(max_size=400) | st.text(st.characters(), min_size=300, max_size=400))
def test_whatever_the_key_the_header_is_one_line_of_ascii_that_s3_takes(key: str) -> None:
    headers = response_headers(key, "large.webp", "x" * MAX_CACHE_CONTROL_BYTES)
    assert all(re.fullmatch(r"[ -~]+", value) for value in headers.values())
    assert sum(len(name) + 1 + len(value) for name, value in headers.items()) <= MAX_SYSTEM_METADATA_BYTES
    name = saved_name(headers["ContentDisposition"])
    assert name.endswith(".webp")
    assert name.isprintable()
    assert not set('/\\"') & set(name)


@pytest.mark.parametrize(
    "text", ["no-store", "public, max-age=31536000, immutable", "max-age=60,stale-while-revalidate=30"]
)
def test_a_cache_control_header_is_kept(text: str) -> None:
    assert parse_cache_control(text) == text.replace(",", ", ").replace("  ", " ")


def test_none_is_no_header() -> None:
    assert parse_cache_control("none") == ""
    assert "CacheControl" not in response_headers("a.jpg", "large.jpg", "")
    assert response_headers("a.jpg", "large.jpg", "no-store")["CacheControl"] == "no-store"


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("", ["'' is not one of"]),
        ("maxage=60", ["'maxage=60' is not one of"]),
        ("max-age", ["max-age needs a number of seconds"]),
        ("max-age=1h, no-store=1", ["max-age needs a number of seconds", "no-store has no value"]),
        ("public,", ["'' is not one of"]),
        ("max-age=60\r\nX: y", ["max-age needs a number of seconds"]),
        (", ".join(["max-age=1000000000"] * 20), ["more than 300 characters"]),
    ],
)
def test_every_mistake_in_a_cache_control_header_is_named(text: str, mistakes: list[str]) -> None:
    with pytest.raises(ValueError, match=re.escape(mistakes[0])) as refused:
        parse_cache_control(text)
    assert all(mistake in str(refused.value) for mistake in mistakes)
