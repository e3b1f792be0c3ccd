from hypothesis import given
from hypothesis import strategies as st

from scripts.aws.key_filter import KeyFilter

TEXT = st.text(st.characters(exclude_characters="*,", exclude_categories=["Z", "C"]))


@given(TEXT, st.lists(TEXT.filter(bool)))
def test_what_is_written_is_read_back(prefix: str, suffixes: list[str]) -> None:
    key_filter = KeyFilter(prefix, tuple(suffixes))
    assert KeyFilter.parse(str(key_filter)) == key_filter


@given(st.text())
def test_without_a_filter_every_key_is_processed(key: str) -> None:
    assert KeyFilter.parse("*").matches(key)


def test_only_keys_with_the_prefix_and_one_of_the_suffixes_are_processed() -> None:
    key_filter = KeyFilter.parse("photos/*.jpg,.png")
    keys = ["photos/a.jpg", "photos/b.png", "photos/c.JPG", "d.jpg", "photos/e.tif"]
    assert [key for key in keys if key_filter.matches(key)] == ["photos/a.jpg", "photos/b.png"]
