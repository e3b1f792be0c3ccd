"""Durations and rates: parsed from a command line, and formatted for people."""

import re
from datetime import timedelta

import typer

_DURATION = re.compile(r"(?P<number>[0-9]{1,7}(?:\.[0-9]{1,3})?)(?P<unit>[smhd])")
_RATE = re.compile(r"(?P<number>[0-9]{1,6}(?:\.[0-9]{1,3})?)(?:/(?P<unit>[smh]))?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> timedelta:
    """Parse an option like `90s`, `15m`, `2h` or `3d`.

    Raises:
        BadParameter: it has another form.
    """
    match = _DURATION.fullmatch(text)
    if not match:
        raise typer.BadParameter(f"{text!r} is not a duration: write 90s, 15m, 2h or 3d")
    return timedelta(seconds=float(match["number"]) * _SECONDS[match["unit"]])


def parse_rate(text: str) -> float:
    """Parse an option like `10/s`, `300/m`, `1000/h`, or `10` for 10/s; return the rate per second.

    Raises:
        BadParameter: it has another form, or is zero.
    """
    match = _RATE.fullmatch(text)
    if not match or float(match["number"]) == 0:
        raise typer.BadParameter(f"{text!r} is not a rate: write 10/s, 300/m or 1000/h")
    return float(match["number"]) / _SECONDS[match["unit"] or "s"]


def human_duration(duration: timedelta) -> str:
    """Format as `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`."""
    seconds = max(0, round(duration.total_seconds()))
    days, hours, minutes = seconds // 86400, seconds // 3600, seconds // 60
    if days:
        return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"
    if hours:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"
