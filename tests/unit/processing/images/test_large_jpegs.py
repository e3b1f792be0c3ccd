"""JPEGs of more than 8 MB, whose pages are dropped while they are read."""

from pathlib import Path

import pytest

from processing.failures import FailureCode, PermanentError
from tests.support import photos
from tests.support.rendering import opened, render

START_OF_SCAN = b"\xff\xda"


def sizes(folder: Path) -> list[tuple[int, int]]:
    return [opened(folder / f"{name}.jpg").size for name in ("large", "medium", "small")]


@pytest.mark.parametrize(
    ("orientation", "progressive", "expected"),
    [
        (1, False, [(400, 300), (200, 150), (100, 75)]),
        (6, False, [(300, 400), (150, 200), (75, 100)]),
        (1, True, [(400, 300), (200, 150), (100, 75)]),
    ],
)
def test_a_large_jpeg_is_rendered_however_it_lies_and_was_written(
    tmp_path: Path, orientation: int, progressive: bool, expected: list[tuple[int, int]]
) -> None:
    render(tmp_path, photos.large_jpeg(orientation, progressive=progressive))
    assert sizes(tmp_path) == expected


def test_a_large_jpeg_that_needs_repair_comes_out_as_if_it_did_not(tmp_path: Path) -> None:
    data = photos.large_jpeg()
    render(tmp_path, data)
    whole = (tmp_path / "large.jpg").read_bytes()
    at = data.index(START_OF_SCAN)
    assert b"stray" not in data
    render(tmp_path, data[:at] + b"stray" + data[at:])
    assert (tmp_path / "large.jpg").read_bytes() == whole


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_that_is_cut_off_fails_as_truncated(tmp_path: Path, orientation: int) -> None:
    data = photos.large_jpeg(orientation)
    with pytest.raises(PermanentError) as caught:
        render(tmp_path, data[: len(data) * 2 // 3] + data[-2:])
    assert caught.value.code is FailureCode.TRUNCATED_IMAGE


def test_a_large_jpeg_that_is_damaged_in_the_middle_fails_as_damaged(tmp_path: Path) -> None:
    data = bytearray(photos.large_jpeg())
    middle = len(data) // 2
    data[middle : middle + 64] = b"\xff\xc4" * 32
    with pytest.raises(PermanentError) as caught:
        render(tmp_path, bytes(data))
    assert caught.value.code in (FailureCode.CORRUPT_IMAGE, FailureCode.TRUNCATED_IMAGE)
