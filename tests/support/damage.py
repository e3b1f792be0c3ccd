"""Damages files as interrupted uploads, failing disks and attackers do."""

import random

END_OF_IMAGE = b"\xff\xd9"


def truncated(data: bytes, fraction: float) -> bytes:
    """Return the first part of a file, as an interrupted upload leaves it."""
    return data[: int(len(data) * fraction)]


def truncated_and_closed(data: bytes, fraction: float) -> bytes:
    """Cut off a JPEG and append an end marker, as repair tools and some proxies do."""
    return truncated(data, fraction) + END_OF_IMAGE


def bits_flipped(data: bytes, *, seed: int, flips: int) -> bytes:
    """Invert bits at random positions."""
    chance = random.Random(seed)
    broken = bytearray(data)
    for _ in range(flips):
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
    return bytes(broken)


def half_zeros(data: bytes) -> bytes:
    """Replace the second half of a file by zeros, as after a disk crash."""
    return zero_tail(data, 0.5)


def zero_tail(data: bytes, fraction: float) -> bytes:
    """Replace the rest of a file by zeros and keep its length."""
    return truncated(data, fraction).ljust(len(data), b"\0")
