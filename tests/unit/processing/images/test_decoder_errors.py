from pathlib import Path

import pytest

from processing.failures import FailureCode, PermanentError
from processing.images.decoder_errors import classify
from tests.support import photos
from tests.support.forged_headers import tiff_with
from tests.support.rare_tiffs import twelve_bit_tiff
from tests.support.rendering import render

BITS_PER_SAMPLE = 258
GREY = photos.picture().convert("L")
WHOLE_BUT_RARE = {
    "12 bits": twelve_bit_tiff(photos.picture(), channels=3),
    "4 bits and transparency": tiff_with(photos.tiff(image=GREY.convert("LA")), BITS_PER_SAMPLE, 4),
    "doubles": photos.tiff_of_kind("double", bands=3),
}


@pytest.mark.parametrize("kind", WHOLE_BUT_RARE)
def test_a_tiff_that_is_whole_but_of_a_rare_kind_is_not_called_corrupt(tmp_path: Path, kind: str) -> None:
    with pytest.raises(PermanentError) as caught:
        render(tmp_path, WHOLE_BUT_RARE[kind])
    assert caught.value.code is FailureCode.UNSUPPORTED_FORMAT


def test_remarks_about_tags_do_not_hide_why_a_tiff_failed() -> None:
    remark = "tiff2vips: Defined set_get_field_type of custom tag 0 (Tag 0) is TIFF_SETGET_UNDEFINED\n"
    failure = classify(remark * 3 + "tiff2vips: Read error at scanline 3; got 421 bytes, expected 4156\n")
    assert failure.code is FailureCode.TRUNCATED_IMAGE
    assert failure.detail == "tiff2vips: Read error at scanline 3; got 421 bytes, expected 4156"


def test_remarks_alone_are_no_reason() -> None:
    assert classify("VipsIcc: no profile\n\n").detail == "the decoder gave no reason"


def test_a_heic_of_an_invalid_size_is_damaged_and_not_too_large_for_the_memory() -> None:
    failure = classify("Memory allocation error: Invalid image size: zero width or height")
    assert failure.code is FailureCode.CORRUPT_IMAGE
