import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.wording import count_of, human_bytes, printable, visible, without_links
from tests.unit.processing.digest.digest_examples import hostile_text, unhurried


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (38_245_000, "38.2 MB"),
        (4_000_000_000, "4.0 GB"),
        (1_234_500_000_000_000, "1,234.5 TB"),
    ],
)
def test_bytes_are_told_in_the_unit_that_fits(number: int, text: str) -> None:
    assert human_bytes(number) == text


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(0, "photo", "0 photos"), (1, "photo", "1 photo"), (10_000, "photo", "10,000 photos"), (2, "batch", "2 batches")],
)
def test_nouns_agree_with_their_number(number: int, noun: str, text: str) -> None:
    assert count_of(number, noun) == text


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("Urlaub/Zürich 📸 (1).jpg", "Urlaub/Zürich 📸 (1).jpg"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("back\\slash", "back\\\\slash"),
        ("\x00\x85", "\\x00\\x85"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
        (" a ", '" a "'),
        ("", '""'),
        ('" a "', '"" a ""'),
    ],
)
def test_what_does_not_print_is_shown_as_an_escape(key: str, shown: str) -> None:
    assert visible(key, 300) == shown


@unhurried
@given(hostile_text)
def test_a_printed_line_is_one_line_and_what_is_escaped_already_stays(line: str) -> None:
    assert printable(line).isprintable()
    assert printable(printable(line)) == printable(line)
    assert printable(visible(line, 300)) == visible(line, 300)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://evil.example/a.jpg", r"https\x3a//evil.example/a.jpg"),
        ("ftp://www.evil.example", r"ftp\x3a//www\x2eevil.example"),
        ("WWW.evil.example", r"WWW\x2eevil.example"),
        ("2026/a photo: one.jpg", "2026/a photo: one.jpg"),
    ],
)
def test_what_a_mail_program_would_turn_into_a_link_is_broken_up(text: str, shown: str) -> None:
    assert without_links(text) == shown


@unhurried
@given(hostile_text, hostile_text)
def test_two_different_keys_never_look_the_same(one: str, other: str) -> None:
    assert (visible(one, 10**6) == visible(other, 10**6)) == (one == other)


@unhurried
@given(hostile_text, st.integers(10, 400))
def test_a_shown_key_is_one_printable_line_of_limited_size(key: str, max_bytes: int) -> None:
    shown = visible(key, max_bytes)
    assert shown.isprintable()
    assert len(shown.encode()) <= max_bytes


def test_a_long_key_keeps_its_folder_and_its_file_name() -> None:
    shown = visible("norway/" + "x" * 1000 + "/IMG_4200.jpg", 100)
    assert shown.startswith("norway/x")
    assert shown.endswith("x/IMG_4200.jpg")
    assert "…" in shown
