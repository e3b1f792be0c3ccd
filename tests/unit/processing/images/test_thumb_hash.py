"""The hashes of the reference implementation (thumbhash 0.1.1 by the format's author) for the same pixels."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from processing.images.pixels import Picture
from processing.images.thumb_hash import hash_small, thumb_hash
from processing.worker.protocol import MAX_THUMB_HASH_BYTES, MIN_THUMB_HASH_BYTES
from tests.support import photos
from tests.support.rendering import render

HEADER_BYTES = 5


def noise(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


PICTURES: dict[str, Callable[[], Image.Image]] = {
    "landscape": lambda: photos.picture((32, 24)),
    "portrait": lambda: photos.picture((24, 32)),
    "square": lambda: photos.picture((100, 100)),
    "panorama": lambda: noise(90, 9),
    "tower": lambda: noise(9, 90),
    "noise": lambda: noise(50, 40),
    "pixel": lambda: noise(1, 1),
}
REFERENCE = {
    "landscape": "GxkKVZJ0eXbAZ4h3iKeGd3Dq95iO",
    "portrait": "HBkGVRJyeuBnZ4enhndoeHDq95iO",
    "square": "GxkKVxKCenbAaId4iKeGiIeGB6h+f+kH",
    "panorama": "3/cBCYJieUWltkCJhF6vB5U=",
    "tower": "IPgBCQKhRcfpdZ+ru0gfBEg=",
    "noise": "HwgCDoI3cvd3WGh9ZXl1OrfFUY/Jhv0=",
    "pixel": "az5Wnw8I9wiIh4hwj3CI+AiIgIAICIgA",
}


def picture_of(image: Image.Image) -> Picture:
    return Picture(image.size, memoryview(image.tobytes()))


@pytest.mark.parametrize("name", PICTURES)
def test_a_hash_is_that_of_the_reference_implementation(name: str) -> None:
    own, reference = hash_small(picture_of(PICTURES[name]())), b64decode(REFERENCE[name])
    assert own[:HEADER_BYTES] == reference[:HEADER_BYTES]
    assert len(own) == len(reference)
    # The order of additions decides the last bit of a coefficient in the middle between two steps.
    for ours, theirs in zip(own[HEADER_BYTES:], reference[HEADER_BYTES:], strict=True):
        assert abs((ours & 15) - (theirs & 15)) <= 1
        assert abs((ours >> 4) - (theirs >> 4)) <= 1


@given(st.integers(1, 100), st.integers(1, 100))
def test_a_hash_of_any_shape_has_a_bounded_length(width: int, height: int) -> None:
    placeholder = hash_small(Picture((width, height), memoryview(bytes(range(256)) * 118)[: width * height * 3]))
    assert MIN_THUMB_HASH_BYTES <= len(placeholder) <= MAX_THUMB_HASH_BYTES


def test_the_placeholder_of_a_photo_is_of_its_upright_whole(tmp_path: Path) -> None:
    upright = render(tmp_path, photos.jpeg((640, 480))).thumb_hash
    assert render(tmp_path, photos.oriented_jpeg(6, (640, 480))).thumb_hash[:HEADER_BYTES] == upright[:HEADER_BYTES]
    whole = thumb_hash(picture_of(photos.picture((640, 480))))
    assert whole[:3] == upright[:3], f"{b64encode(whole)!r} is not {b64encode(upright)!r}"
