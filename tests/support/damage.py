"""Breaks files the ways that networks, disks and strangers do."""

import random

END_OF_IMAGE = b"\xff\xd9"


def truncated(data: bytes, fraction: float) -> bytes:
    """The first part of a file: an upload that was cut off."""
    return data[: int(len(data) * fraction)]


def truncated_and_closed(data: bytes, fraction: float) -> bytes:
    """A JPEG cut off and given an end marker: what a repair tool or a careless proxy leaves."""
    return truncated(data, fraction) + END_OF_IMAGE


def bits_flipped(data: bytes, *, seed: int, flips: int) -> bytes:
    """Some bits inverted, anywhere."""
    chance = random.Random(seed)
    broken = bytearray(data)
    for _ in range(flips):
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
    return bytes(broken)


def half_zeros(data: bytes) -> bytes:
    """A file whose second half was never written, as after a crash of its disk."""
    return zero_tail(data, 0.5)


def zero_tail(data: bytes, fraction: float) -> bytes:
    """A file of its full length, of which only the first part was ever written."""
    return truncated(data, fraction).ljust(len(data), b"\0")
