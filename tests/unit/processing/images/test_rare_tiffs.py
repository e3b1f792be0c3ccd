from pathlib import Path

import numpy as np
import pytest

from processing.failures import FailureCode, PermanentError
from processing.images.formats.registry import read_header
from processing.settings import RenderSettings
from tests.support import photos
from tests.support.colour_chart import PATCHES, chart, worst_delta_e
from tests.support.damage import truncated
from tests.support.forged_headers import tiff_with
from tests.support.image_comparison import corners, similarity
from tests.support.rare_tiffs import (
    BITS,
    COMPRESSION,
    PHOTOMETRIC,
    camera_raw,
    lab_tiff,
    old_jpeg_tiff,
    planar_tiff,
    subsampled_tiff,
    twelve_bit_tiff,
)
from tests.support.rendering import LIMITS, RENDITIONS, render, render_largest

UPRIGHT = ("red", "green", "blue", "yellow")
CHART = chart()
SMALL = photos.picture((160, 120))
MAX_DELTA_E = 3.0
RARE = {
    "lab of 8 bits": lab_tiff(np.asarray(CHART) / 255, bits=8),
    "lab of 16 bits": lab_tiff(np.asarray(CHART) / 255, bits=16),
    "planar tiles of 8 bits": planar_tiff(CHART),
    "planar tiles of 16 bits": planar_tiff(CHART, bits=16),
    "deflated planar tiles of 16 bits": planar_tiff(CHART, bits=16, compression="zlib"),
    "big-endian planar tiles of 16 bits": planar_tiff(CHART, bits=16, byteorder=">"),
    "lzma": photos.tiff(image=CHART, compression="lzma"),
    "zstandard": photos.tiff(image=CHART, compression="zstd"),
    "ycbcr": photos.tiff(image=CHART.convert("YCbCr")),
    "lzw ycbcr": photos.tiff(image=CHART.convert("YCbCr"), compression="tiff_lzw"),
    "subsampled ycbcr": subsampled_tiff(CHART),
    "old jpeg": old_jpeg_tiff(CHART),
}


def refusal(tmp_path: Path, data: bytes) -> PermanentError:
    """Return the failure of a photo."""
    with pytest.raises(PermanentError) as caught:
        render(tmp_path, data)
    return caught.value


@pytest.mark.parametrize("name", RARE)
def test_a_rare_tiff_comes_out_in_its_own_colours(tmp_path: Path, name: str) -> None:
    assert worst_delta_e(render_largest(tmp_path, RARE[name]), PATCHES) < MAX_DELTA_E


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "RGBA"])
def test_lzma_comes_out_as_another_compression_does(tmp_path: Path, mode: str) -> None:
    image = photos.transparent() if mode == "RGBA" else photos.picture().convert(mode)
    expected = render_largest(tmp_path, photos.tiff(image=image, compression="tiff_lzw"))
    picture = render_largest(tmp_path, photos.tiff(image=image, compression="lzma"))
    assert similarity(picture, expected) > 0.999
    assert corners(picture) == corners(expected)


def test_numbers_of_twelve_bits_come_out_in_their_own_brightness(tmp_path: Path) -> None:
    expected = render_largest(tmp_path, photos.tiff(image=photos.picture().convert("L")))
    assert similarity(render_largest(tmp_path, twelve_bit_tiff(photos.picture())), expected) > 0.98


@pytest.mark.parametrize(
    "make",
    [lambda: photos.tiff(image=SMALL, compression="lzma"), lambda: planar_tiff(SMALL), lambda: subsampled_tiff(SMALL)],
)
def test_a_rare_tiff_that_is_cut_off_is_truncated(tmp_path: Path, make: object) -> None:
    data = make()  # type: ignore[operator]
    for tenth in (5, 8):
        assert refusal(tmp_path, truncated(data, tenth / 10)).code is FailureCode.TRUNCATED_IMAGE


def test_a_rare_tiff_whose_data_are_damaged_is_corrupt(tmp_path: Path) -> None:
    data = bytearray(photos.tiff(image=SMALL, compression="lzma"))
    data[200:260] = b"\xa5" * 60
    assert refusal(tmp_path, bytes(data)).code is FailureCode.CORRUPT_IMAGE


def test_decoding_with_pillow_is_in_the_estimate_of_memory() -> None:
    by_pillow = read_header(photos.tiff(compression="lzma")).memory_bytes
    assert by_pillow > read_header(photos.tiff(compression="tiff_lzw")).memory_bytes + 8 * 640 * 480


@pytest.mark.parametrize(
    ("make", "detail"),
    [
        (lambda: twelve_bit_tiff(SMALL, channels=3), "a TIFF of 12 bits, with 3 channels of 12 bits"),
        (lambda: tiff_with(photos.tiff(), PHOTOMETRIC, 9), "a TIFF with its colours in ICC Lab"),
        (lambda: tiff_with(photos.tiff(), PHOTOMETRIC, 32844), "a TIFF with its colours in LogL"),
        (lambda: tiff_with(photos.tiff(), PHOTOMETRIC, 77), "a TIFF in the unknown colour space 77"),
        (lambda: tiff_with(photos.tiff(), COMPRESSION, 34712), "a TIFF compressed by JPEG 2000"),
        (lambda: tiff_with(photos.tiff(), COMPRESSION, 34661), "a TIFF compressed by JBIG"),
        (
            lambda: tiff_with(photos.tiff(image=SMALL.convert("LA"), compression="lzma"), BITS, 8),
            "a TIFF compressed by LZMA, with 2 channels of 8 bits",
        ),
    ],
)
def test_a_tiff_that_neither_decoder_reads_is_refused_with_what_is_unusual(
    tmp_path: Path, make: object, detail: str
) -> None:
    failure = refusal(tmp_path, make())  # type: ignore[operator]
    assert failure.code is FailureCode.UNSUPPORTED_FORMAT
    assert failure.detail == detail


@pytest.mark.parametrize("options", [{}, {"in_strip": True, "dng": True}, {"signature": b"CR\2\0"}])
def test_a_camera_raw_file_is_rendered_from_its_preview(tmp_path: Path, options: dict[str, object]) -> None:
    picture = render_largest(tmp_path, camera_raw(photos.jpeg(), **options))  # type: ignore[arg-type]
    assert picture.size == (400, 300)
    assert corners(picture) == UPRIGHT


def test_a_preview_is_turned_by_the_orientation_of_its_raw_file(tmp_path: Path) -> None:
    data = camera_raw(photos.jpeg(image=photos.stored_for(6)), orientation=6, full_size=(1200, 1600))
    assert corners(render_largest(tmp_path, data)) == UPRIGHT


def test_a_preview_smaller_than_the_largest_rendition_is_refused(tmp_path: Path) -> None:
    failure = refusal(tmp_path, camera_raw(photos.jpeg((320, 240))))
    assert failure.code is FailureCode.UNSUPPORTED_FORMAT
    assert failure.detail == "a camera raw file whose largest preview has 320 x 240 pixels"


def test_a_preview_is_large_enough_for_smaller_renditions(tmp_path: Path) -> None:
    render(tmp_path, camera_raw(photos.jpeg((320, 240))), RenderSettings(RENDITIONS[1:], LIMITS))


def test_a_preview_that_is_cut_off_is_not_rendered(tmp_path: Path) -> None:
    jpeg = photos.jpeg()
    assert refusal(tmp_path, camera_raw(jpeg[: len(jpeg) // 2])).code is FailureCode.TRUNCATED_IMAGE


@pytest.mark.parametrize("preview", [b"", b"\xff\xd8\xff\xc3" + bytes(100)])
def test_a_camera_raw_file_without_a_preview_is_refused_as_that(tmp_path: Path, preview: bytes) -> None:
    failure = refusal(tmp_path, camera_raw(preview))
    assert failure.code is FailureCode.UNSUPPORTED_FORMAT
    assert failure.detail == "a camera raw file without a preview in JPEG"
