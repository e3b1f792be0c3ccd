import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.failures import PermanentError
from processing.output_keys import MAX_KEY_BYTES, output_keys
from processing.renditions import parse_renditions

RENDITIONS = parse_renditions("large:1200:80,medium:600:80,small:300:80")
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=1100)


def test_the_commit_marker_comes_last() -> None:
    assert output_keys("a b/ü.png", RENDITIONS) == (
        "a b/ü.png/large.jpg",
        "a b/ü.png/medium.jpg",
        "a b/ü.png/small.jpg",
        "a b/ü.png/document.pdf",
    )


@given(texts, texts)
def test_two_sources_never_share_an_output_key(one: str, other: str) -> None:
    try:
        shared = set(output_keys(one, RENDITIONS)) & set(output_keys(other, RENDITIONS))
    except PermanentError:
        return
    assert bool(shared) == (one == other)


@given(texts)
def test_a_key_is_refused_exactly_when_an_output_key_would_be_too_long_for_s3(key: str) -> None:
    try:
        output_keys(key, RENDITIONS)
        is_refused = False
    except PermanentError:
        is_refused = True
    assert is_refused == (len(f"{key}/document.pdf".encode()) > MAX_KEY_BYTES)


def test_a_key_of_1024_bytes_is_too_long_for_its_outputs() -> None:
    with pytest.raises(PermanentError, match="key-too-long"):
        output_keys("k" * 1024, RENDITIONS)
