import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.commit_marker import Commit, Marker, is_earlier, plan_commit
from processing.outcomes import Outcome

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


def test_an_object_that_darkroom_did_not_write_is_repeated_by_nothing() -> None:
    foreign = Marker.from_metadata({})
    assert not foreign.is_repeated_by(Marker("e1", "01", "f"))
    assert not foreign.matches(foreign)


@pytest.mark.parametrize(("etag", "fingerprint"), [("e2", "f"), ("e1", "g")])
def test_another_source_or_other_settings_are_no_repetition(etag: str, fingerprint: str) -> None:
    assert not Marker("e1", "01", "f").is_repeated_by(Marker(etag, "01", fingerprint))


@pytest.mark.parametrize(("earlier", "later"), [("01", "02"), ("02", "02"), ("", "02"), ("", "")])
def test_an_event_that_is_not_known_to_be_later_is_a_repetition(earlier: str, later: str) -> None:
    assert Marker("e1", later, "f").is_repeated_by(Marker("e1", earlier, "f"))


def test_an_event_with_a_sequencer_is_no_repetition_of_outputs_without_one() -> None:
    assert not Marker("e1", "", "f").is_repeated_by(Marker("e1", "01", "f"))


def test_a_later_upload_of_the_same_bytes_is_no_repetition() -> None:
    assert not Marker("e1", "01", "f").is_repeated_by(Marker("e1", "02", "f"))


@given(st.lists(st.tuples(st.text(), st.text(), st.text()), unique=True))
def test_each_version_has_a_mark_of_its_own_that_fits_into_a_comment(versions: list[tuple[str, str, str]]) -> None:
    marks = {Commit(Marker(*version), replaces=True).mark for version in versions}
    assert len(marks) == len(versions)
    assert all(mark.isascii() and len(mark) < 40 for mark in marks)


def test_an_unknown_order_is_not_older() -> None:
    assert not Marker("e1", "", "f").is_older_than(Marker("e2", "02", "f"))
    assert not Marker("e1", "01", "f").is_older_than(Marker("e2", "", "f"))


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (None, Commit(Marker("e2", "02", "f"))),
        (Marker("e2", "02", "f"), Outcome.DUPLICATE),
        (Marker("e3", "03", "f"), Outcome.SUPERSEDED),
        (Marker("e1", "01", "f"), Commit(Marker("e2", "02", "f"), replaces=True)),
        (Marker("e2", "02", "other settings"), Commit(Marker("e2", "02", "f"), replaces=True)),
        (Marker("", "", ""), Commit(Marker("e2", "02", "f"), replaces=True)),
    ],
)
def test_the_stored_marker_decides_what_an_event_asks_for(stored: Marker | None, expected: Commit | Outcome) -> None:
    assert plan_commit(Marker("e2", "02", "f"), stored) == expected


def test_a_first_set_carries_no_mark_so_that_its_bytes_depend_on_the_photo_alone() -> None:
    assert Commit(Marker("e1", "01", "f")).mark == ""
