import re
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from processing.failures import DarkroomError, FailureCode, Family, PermanentError
from processing.images.formats.jpeg import JPEG
from processing.photo_notes import Note
from tests.support import heic_photos, photos
from tests.support.damage import END_OF_IMAGE, bits_flipped, truncated, truncated_and_closed, zero_tail
from tests.support.forged_headers import endless_scans
from tests.support.image_comparison import WHITE, corners
from tests.support.rendering import render, render_largest

UPRIGHT = ("red", "green", "blue", "yellow")
TENTHS = [tenth / 10 for tenth in range(1, 10)]
SMALL = (160, 120)
STILLS = {
    "jpeg": photos.jpeg(SMALL),
    "progressive jpeg": photos.jpeg(SMALL, progressive=True),
    "jpeg with restart markers": photos.jpeg(SMALL, restart_marker_rows=1),
    "png": photos.png(image=photos.picture(SMALL)),
    "interlaced png": photos.interlaced_png(),
    "webp": photos.webp(image=photos.picture(SMALL)),
    "lossless webp": photos.webp(image=photos.picture(SMALL), lossless=True),
    "gif": photos.gif(),
    "tiff": photos.tiff(image=photos.picture(SMALL)),
    "lzw tiff": photos.tiff(image=photos.picture(SMALL), compression="tiff_lzw"),
    "avif": photos.avif(image=photos.picture(SMALL)),
    "heic": heic_photos.heic(photos.picture(SMALL)),
    "heic of tiles": heic_photos.grid_heic(photos.picture(SMALL), 64),
}
JPEGS = ["jpeg", "progressive jpeg", "jpeg with restart markers"]
FIRST_SCAN = photos.jpeg().index(b"\xff\xda")


def failure_code(tmp_path: Path, data: bytes) -> FailureCode:
    """Return the code that a photo is refused with."""
    with pytest.raises(PermanentError) as caught:
        render(tmp_path, data)
    return caught.value.code


@pytest.mark.parametrize(("side", "most"), [(64, 100), (6_000, 100), (8_000, 62), (14_000, 20), (30_000, 20)])
def test_the_more_pixels_a_progressive_jpeg_has_the_fewer_scans_are_decoded(side: int, most: int) -> None:
    assert JPEG.prepare is not None
    for scans, code in ((most, FailureCode.TRUNCATED_IMAGE), (most + 1, FailureCode.CORRUPT_IMAGE)):
        with pytest.raises(PermanentError) as caught:
            JPEG.prepare(endless_scans(side, scans))
        assert caught.value.code is code


@pytest.mark.parametrize("fraction", TENTHS)
@pytest.mark.parametrize("name", STILLS)
def test_a_photo_cut_off_anywhere_is_refused_as_truncated(tmp_path: Path, name: str, fraction: float) -> None:
    assert failure_code(tmp_path, truncated(STILLS[name], fraction)) is FailureCode.TRUNCATED_IMAGE


@pytest.mark.parametrize("fraction", TENTHS)
@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_cut_off_and_closed_by_an_end_marker_is_refused_as_truncated(
    tmp_path: Path, name: str, fraction: float
) -> None:
    assert failure_code(tmp_path, truncated_and_closed(STILLS[name], fraction)) is FailureCode.TRUNCATED_IMAGE


def test_a_progressive_jpeg_cut_between_any_two_scans_and_closed_is_refused_as_truncated(tmp_path: Path) -> None:
    data = STILLS["progressive jpeg"]
    later_scans = [found.start() for found in re.finditer(b"\xff\xda", data)][1:]
    for scan in later_scans:
        assert failure_code(tmp_path, data[:scan] + END_OF_IMAGE) is FailureCode.TRUNCATED_IMAGE


# In optimised Huffman tables a zero bit is the code of an empty block, so that zeros decode without a warning.
OPTIMIZED = {
    "optimized jpeg": photos.jpeg(SMALL, optimize=True, quality=60),
    "optimized jpeg in full colour": photos.jpeg(SMALL, optimize=True, quality=60, subsampling="4:4:4"),
    "large optimized jpeg": photos.jpeg(optimize=True, quality=30),
}


@pytest.mark.parametrize("fraction", TENTHS)
@pytest.mark.parametrize("name", [*JPEGS, *OPTIMIZED])
def test_a_jpeg_whose_tail_was_never_written_is_refused_as_truncated(
    tmp_path: Path, name: str, fraction: float
) -> None:
    data = (STILLS | OPTIMIZED)[name]
    assert failure_code(tmp_path, zero_tail(data, fraction)) is FailureCode.TRUNCATED_IMAGE


def test_a_webp_of_one_colour_which_truly_ends_in_zeros_costs_no_photo(tmp_path: Path) -> None:
    data = photos.webp(image=Image.new("RGB", (2000, 1500), WHITE))
    assert data.endswith(bytes(200))
    assert corners(render_largest(tmp_path, data)) == ("white",) * 4


def test_a_missing_tail_is_told_from_missing_scans(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="no end marker"):
        render(tmp_path, zero_tail(OPTIMIZED["optimized jpeg"], 0.9))


@pytest.mark.parametrize("fraction", TENTHS)
def test_a_gif_whose_tail_was_never_written_is_refused_as_truncated(tmp_path: Path, fraction: float) -> None:
    assert failure_code(tmp_path, zero_tail(STILLS["gif"], fraction)) is FailureCode.TRUNCATED_IMAGE


def test_an_animation_whose_tail_was_never_written_is_complete_enough(tmp_path: Path) -> None:
    assert corners(render_largest(tmp_path, zero_tail(photos.animated_gif(), 0.99))) == UPRIGHT


def test_a_stray_zero_between_the_blocks_of_a_gif_costs_no_photo(tmp_path: Path) -> None:
    end_of_frame = photos.gif()[:-1]
    assert corners(render_largest(tmp_path, end_of_frame + b"\0" + b"!\xfe\2hi\0;")) == UPRIGHT


def test_an_animation_cut_off_after_its_first_frame_is_complete_enough(tmp_path: Path) -> None:
    assert corners(render_largest(tmp_path, truncated(photos.animated_gif(), 0.99))) == UPRIGHT


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "gif", "tiff", "avif", "heic"])
def test_trailing_data_costs_no_photo(tmp_path: Path, name: str) -> None:
    render(tmp_path, STILLS[name] + b"<?php not for us ?>" * 50)


PROGRESSIVE = photos.jpeg(progressive=True)
LATER_SCAN = [found.start() for found in re.finditer(b"\xff\xda", PROGRESSIVE)][3]
LATER_TABLE = [found.start() for found in re.finditer(b"\xff\xc4", PROGRESSIVE)][-1]
HARMLESS = {
    "stray bytes between segments": lambda data: data[:20] + b"\0\0\0" + data[20:],
    "stray bytes before the scan": lambda data: data[:FIRST_SCAN] + b"\1\2\3" + data[FIRST_SCAN:],
    "padding before the scan": lambda data: data[:FIRST_SCAN] + b"\xff" * 5 + data[FIRST_SCAN:],
    "stray bytes before the end": lambda data: data[:-2] + bytes(7) + data[-2:],
    "an unknown JFIF revision": lambda data: data.replace(b"JFIF\0\1", b"JFIF\0\2"),
    "wrong spectral parameters": lambda data: data[: FIRST_SCAN + 11] + bytes(3) + data[FIRST_SCAN + 14 :],
    "a second start marker": lambda data: data[:20] + b"\xff\xd8" + data[20:],
    "a stray restart marker": lambda data: data[:FIRST_SCAN] + b"\xff\xd3" + data[FIRST_SCAN:],
    "a reserved marker": lambda data: data[:20] + b"\xff\x02" + data[20:],
    "a reserved segment": lambda data: data[:20] + b"\xff\xf0\0\6\xff\xd9ab" + data[20:],
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_cameras_harmless_defects_cost_no_photo(tmp_path: Path, name: str) -> None:
    defective = HARMLESS[name](photos.jpeg())
    assert defective != photos.jpeg()
    assert corners(render_largest(tmp_path, defective)) == UPRIGHT


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_defects_do_not_hide_that_a_photo_is_truncated(tmp_path: Path, name: str) -> None:
    defective = HARMLESS[name](photos.jpeg())
    assert failure_code(tmp_path, truncated_and_closed(defective, 0.6)) is FailureCode.TRUNCATED_IMAGE


def test_a_restart_interval_that_is_missing_is_refused_as_corrupt(tmp_path: Path) -> None:
    data = photos.jpeg(restart_marker_rows=2)
    restarts = [found.start() for found in re.finditer(b"\xff[\xd0-\xd7]", data)]
    assert failure_code(tmp_path, data[: restarts[2]] + data[restarts[3] :]) is FailureCode.CORRUPT_IMAGE


def test_a_png_with_damaged_pixels_is_refused_as_corrupt(tmp_path: Path) -> None:
    data = photos.png()
    assert failure_code(tmp_path, data[:5000] + b"\0\0\0" + data[5003:]) is FailureCode.CORRUPT_IMAGE


def test_a_png_that_is_damaged_before_its_pixels_says_so(tmp_path: Path) -> None:
    data = photos.png()
    wrong_checksum = data[:29] + b"\1\2\3\4" + data[33:]
    with pytest.raises(PermanentError, match="its header or a chunk before the pixels is damaged") as caught:
        render(tmp_path, wrong_checksum)
    assert caught.value.code is FailureCode.CORRUPT_IMAGE


def test_a_png_with_a_damaged_remark_is_complete(tmp_path: Path) -> None:
    remark = struct.pack(">I", 3) + b"tEXta\0b" + struct.pack(">I", zlib.crc32(b"wrong"))
    after_header = 33
    data = photos.png()
    assert corners(render_largest(tmp_path, data[:after_header] + remark + data[after_header:])) == UPRIGHT


def test_a_gif_whose_frame_is_larger_than_its_screen_comes_out_whole(tmp_path: Path) -> None:
    data = photos.gif()
    assert corners(render_largest(tmp_path, data[:6] + struct.pack("<HH", 100, 80) + data[10:])) == UPRIGHT


def test_a_gif_may_not_hide_its_size_from_the_limits(tmp_path: Path) -> None:
    """The screen says 1 x 1, the frame inside 8,000 x 8,000."""
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 8000, 8000, 0) + b"\2\2\x44\x01\0"
    data = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff" + frame + b";"
    assert failure_code(tmp_path, data) is FailureCode.TOO_MANY_PIXELS


@pytest.mark.parametrize("name", STILLS)
def test_flipped_bits_end_well_or_with_a_clear_failure(tmp_path: Path, name: str) -> None:
    for seed in range(40):
        failure = failure_of(tmp_path, bits_flipped(STILLS[name], seed=seed, flips=1 + seed % 5))
        if failure is not None:
            assert failure.code.family is Family.PERMANENT
            assert failure.detail.isascii()
            assert str(tmp_path) not in failure.detail


def failure_of(tmp_path: Path, data: bytes) -> DarkroomError | None:
    """Return the failure of a photo, or None."""
    try:
        render(tmp_path, data)
    except DarkroomError as failure:
        return failure
    return None


BETWEEN_SCANS = {
    "stray bytes": PROGRESSIVE[:LATER_SCAN] + b"abc" + PROGRESSIVE[LATER_SCAN:],
    "zeros after a scan": PROGRESSIVE[:LATER_TABLE] + bytes(9) + PROGRESSIVE[LATER_TABLE:],
    "a start marker": PROGRESSIVE[:LATER_TABLE] + b"\xff\xd8" + PROGRESSIVE[LATER_TABLE:],
}


@pytest.mark.parametrize("name", BETWEEN_SCANS)
def test_stray_bytes_between_the_scans_of_a_progressive_jpeg_cost_no_photo(tmp_path: Path, name: str) -> None:
    rendered = render(tmp_path, BETWEEN_SCANS[name])
    whole = tmp_path / "whole"
    whole.mkdir()
    render(whole, PROGRESSIVE)
    assert (tmp_path / "large.jpg").read_bytes() == (whole / "large.jpg").read_bytes()
    assert rendered.notes == (Note.STRAY_BYTES,)


def test_a_scan_that_ends_too_early_is_refused_and_not_taken_for_stray_bytes(tmp_path: Path) -> None:
    assert failure_code(tmp_path, PROGRESSIVE[: LATER_SCAN - 300] + bytes(9) + PROGRESSIVE[LATER_SCAN - 300 :])
    shorter = PROGRESSIVE[: LATER_TABLE - 200] + PROGRESSIVE[LATER_TABLE:]
    assert failure_code(tmp_path, shorter) in (FailureCode.CORRUPT_IMAGE, FailureCode.TRUNCATED_IMAGE)


NOTED = {
    "text after the end": (photos.jpeg(trailing=b"<?php not for us ?>"), (Note.BYTES_AFTER_END,)),
    "stray bytes": (photos.jpeg()[:20] + b"\1\2\3" + photos.jpeg()[20:], (Note.STRAY_BYTES,)),
    "both": (
        photos.jpeg()[:20] + b"\1\2" + photos.jpeg(trailing=b"x")[20:],
        (Note.STRAY_BYTES, Note.BYTES_AFTER_END),
    ),
    "text after the end of a progressive jpeg": (PROGRESSIVE + b"x", (Note.BYTES_AFTER_END,)),
    "nothing": (photos.jpeg(), ()),
    "padding of zeros": (photos.jpeg(trailing=bytes(500)), ()),
    "padding of a marker": (photos.jpeg()[:FIRST_SCAN] + b"\xff" * 5 + photos.jpeg()[FIRST_SCAN:], ()),
    "a further picture": (photos.mpo(), ()),
    "a phone's video": (photos.jpeg(trailing=b"\0\0\0\x18ftypmp42" + bytes(80)), ()),
    "samsung's own data": (photos.jpeg(trailing=b"\0\0\1\x0aImage_UTC_Data1234SEFHxSEFT"), ()),
}


@pytest.mark.parametrize("name", NOTED)
def test_harmless_defects_are_noted_and_what_cameras_append_is_not(tmp_path: Path, name: str) -> None:
    data, notes = NOTED[name]
    assert render(tmp_path, data).notes == notes
