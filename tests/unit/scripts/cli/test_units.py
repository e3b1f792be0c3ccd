from datetime import timedelta

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from scripts.cli.units import human_duration, parse_duration, parse_rate


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("3d", 259_200), ("1.5h", 5400), ("0s", 0)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "-5m", "5 m", "5M", "5m\n", "\u0665m", "1e3s", "99999999s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "per_second"), [("10/s", 10), ("10", 10), ("300/m", 5), ("3600/h", 1), ("0.5/s", 0.5)]
)
def test_a_rate_is_so_many_a_second_a_minute_or_an_hour(text: str, per_second: float) -> None:
    assert parse_rate(text) == per_second


@pytest.mark.parametrize("text", ["", "0", "0/s", "10/d", "/s", "-1/s", "inf", "10/s "])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a rate"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (11_100, "3 h 5 min"),
        (187_200, "2 d 4 h"),
    ],
)
def test_a_duration_reads_in_its_two_largest_units(seconds: int, words: str) -> None:
    assert human_duration(timedelta(seconds=seconds)) == words


@given(st.integers(0, 9_999_999), st.sampled_from("smhd"))
def test_every_duration_that_people_can_write_is_read(number: int, unit: str) -> None:
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
    assert parse_duration(f"{number}{unit}").total_seconds() == number * seconds
