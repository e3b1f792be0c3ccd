import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.marker import Marker, is_earlier

numbers = st.integers(min_value=0, max_value=2**80)


@given(numbers, numbers, st.integers(0, 8), st.integers(0, 8))
def test_sequencers_compare_as_the_numbers_they_are_whatever_their_padding(
    a: int, b: int, pad_a: int, pad_b: int
) -> None:
    assert is_earlier("0" * pad_a + f"{a:X}", "0" * pad_b + f"{b:x}") == (a < b)


@given(st.text(), st.text(), st.text())
def test_a_marker_survives_the_metadata(etag: str, sequencer: str, fingerprint: str) -> None:
    marker = Marker(etag, sequencer, fingerprint)
    assert Marker.from_metadata(marker.to_metadata()) == marker


def test_an_object_that_darkroom_did_not_write_matches_nothing() -> None:
    foreign = Marker.from_metadata({})
    assert not Marker("e1", "01", "f").matches(foreign)
    assert not foreign.matches(foreign)


@pytest.mark.parametrize(("etag", "fingerprint"), [("e2", "f"), ("e1", "g")])
def test_another_source_or_other_settings_do_not_match(etag: str, fingerprint: str) -> None:
    assert not Marker("e1", "01", "f").matches(Marker(etag, "01", fingerprint))


def test_the_same_source_and_settings_match_even_under_a_later_sequencer() -> None:
    assert Marker("e1", "01", "f").matches(Marker("e1", "02", "f"))


def test_an_unknown_order_is_not_older() -> None:
    assert not Marker("e1", "", "f").is_older_than(Marker("e2", "02", "f"))
    assert not Marker("e1", "01", "f").is_older_than(Marker("e2", "", "f"))
