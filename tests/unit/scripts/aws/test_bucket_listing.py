"""The joined streams, compared with dictionaries."""

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scripts.aws.bucket_listing import Listed, OutputSet, in_key_order, join, outputs_in_order, sources_in_order
from scripts.cli.errors import OperatorError

# Few characters, around the slash in the order of bytes, so that keys are often each other's beginnings.
KEYS = st.text(st.sampled_from(" !./0aé\U0010ffff"), min_size=1, max_size=6)
NAMES = st.sampled_from(["small.jpg", "medium.jpg", "large.jpg", "document.pdf", "xl-2.jpg"])


def listing(keys: Iterable[str]) -> Iterator[Listed]:
    """Sort keys by their bytes, as S3 does."""
    return (Listed(key, "e", 1, 0.0) for key in sorted(keys, key=str.encode))


def pairs(sources: set[str], outputs: set[str]) -> list[tuple[str | None, str | None, frozenset[str]]]:
    found = join(sources_in_order(listing(sources)), outputs_in_order(listing(outputs), lambda _: None))
    return [
        (s.key if s else None, o.source_key if o else None, frozenset(o.sizes) if o else frozenset()) for s, o in found
    ]


@given(st.sets(KEYS, max_size=30), st.dictionaries(KEYS, st.sets(NAMES, min_size=1), max_size=30))
@example({"a", "a!", "a/b", "a0"}, {"a": {"large.jpg"}, "a!": {"large.jpg"}, "a/b": {"small.jpg"}, "a0": {"small.jpg"}})
@example({"a", "a/large.jpg"}, {"a": {"large.jpg", "small.jpg"}, "a/large.jpg": {"large.jpg"}})
@example({"a", "a/\U0010ffff"}, {"a": {"document.pdf"}, "a/\U0010ffff": {"document.pdf"}})
def test_every_source_meets_its_outputs_once_whatever_the_keys_are(
    sources: set[str], outputs: dict[str, set[str]]
) -> None:
    joined = pairs(sources, {f"{key}/{name}" for key, names in outputs.items() for name in names})
    assert {(key, names) for key, _, names in joined if key is not None} == {
        (key, frozenset(outputs.get(key, ()))) for key in sources
    }
    assert {(found, names) for key, found, names in joined if key is None} == {
        (key, frozenset(names)) for key, names in outputs.items() if key not in sources
    }
    assert len(joined) == len(sources | set(outputs))


@given(st.sets(KEYS, max_size=40))
def test_sources_come_after_all_sources_below_them(keys: set[str]) -> None:
    ordered = [source.key for source in sources_in_order(listing(keys))]
    assert ordered == sorted(keys, key=lambda key: key.encode() + b"/\xff")


def test_what_darkroom_did_not_write_is_foreign() -> None:
    foreign: list[str] = []
    keys = {"readme.txt", "/large.jpg", "a.jpg/large.jpg", "a.jpg/LARGE.jpg", "a.jpg/", "a.jpg/notes.txt", "large.jpg"}
    sets = list(outputs_in_order(listing(keys), foreign.append))
    assert sets == [OutputSet("a.jpg", {"large.jpg": 1})]
    assert set(foreign) == keys - {"a.jpg/large.jpg"}


def test_the_commit_marker_tells_when_a_set_was_committed() -> None:
    items = [
        Listed("a/document.pdf", "e", 1, 7.0),
        Listed("a/large.jpg", "e", 1, 6.0),
        Listed("b/large.jpg", "e", 1, 5.0),
    ]
    assert [(s.source_key, s.committed) for s in outputs_in_order(items, lambda _: None)] == [("a", 7.0), ("b", None)]


def test_folder_markers_hold_no_photo() -> None:
    items = [Listed("a/", "e", 0, 0.0), Listed("a/b.jpg", "e", 1, 0.0), Listed("c/", "e", 5, 0.0)]
    assert [source.key for source in sources_in_order(items)] == ["a/b.jpg", "c/"]


def test_a_listing_that_is_not_sorted_is_refused_and_not_misread() -> None:
    items = [Listed("b", "e", 1, 0.0), Listed("a", "e", 1, 0.0)]
    with pytest.raises(OperatorError, match="not listed in key order"):
        list(in_key_order(items))
