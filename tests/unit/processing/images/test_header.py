import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.failures import DarkroomError, FailureCode, PermanentError
from processing.images.formats.registry import detect_format, read_header
from processing.images.header import inspect_header
from processing.settings import Limits
from tests.support import heic_photos, photos
from tests.support.damage import bits_flipped, truncated
from tests.support.every_kind import one_of_each
from tests.support.forged_headers import gif_of_sub_blocks, tiff_with

GENEROUS = Limits(max_bytes=10_000_000, max_pixels=1_000_000_000, max_pages=1000)
FORMATS = {
    "jpeg": photos.jpeg(),
    "png": photos.png(),
    "webp": photos.webp(),
    "gif": photos.gif(),
    "tiff": photos.tiff(),
    "avif": photos.avif(),
    "heic": heic_photos.heic(),
}
MAGICS = [data[:16] for data in FORMATS.values()]


def refusal(data: bytes, limits: Limits = GENEROUS) -> PermanentError:
    """Return the failure that a file is refused with."""
    with pytest.raises(PermanentError) as caught:
        inspect_header(data, limits)
    return caught.value


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_known_by_its_first_bytes(name: str) -> None:
    assert detect_format(FORMATS[name]).name == name


@pytest.mark.parametrize("name", one_of_each())
def test_width_and_height_are_read_without_decoding(name: str) -> None:
    assert read_header(one_of_each()[name]).size == photos.SIZE


@pytest.mark.parametrize("options", [{"lossless": True}, {"exif": b"Exif"}, {}])
def test_every_kind_of_webp_tells_its_size(options: dict[str, object]) -> None:
    assert read_header(photos.webp(image=photos.picture((321, 123)), **options)).size == (321, 123)


def test_a_big_tiff_tells_its_size() -> None:
    assert read_header(photos.tiff(big_tiff=True)).size == photos.SIZE


@pytest.mark.parametrize(("sub_blocks", "is_refused"), [(1_900_000, False), (2_100_000, True)])
def test_the_data_blocks_of_a_gif_are_bounded_in_number(sub_blocks: int, is_refused: bool) -> None:
    data = gif_of_sub_blocks(sub_blocks)
    if is_refused:
        assert refusal(data).code is FailureCode.CORRUPT_IMAGE
    else:
        assert inspect_header(data, GENEROUS).size == (9, 9)


@pytest.mark.parametrize("make", [photos.multi_page_tiff, photos.animated_gif, photos.animated_webp])
def test_pages_and_frames_are_counted(make: Callable[[], bytes]) -> None:
    assert read_header(make()).pages == 3


def test_an_empty_file_is_refused_as_empty() -> None:
    assert refusal(b"").code is FailureCode.EMPTY_OBJECT


def test_a_file_beyond_the_limit_in_bytes_is_refused() -> None:
    failure = refusal(photos.jpeg(), Limits(max_bytes=1000, max_pixels=10**9, max_pages=10))
    assert failure.code is FailureCode.TOO_MANY_BYTES


def test_a_bomb_of_20000_by_20000_pixels_is_refused_by_its_header() -> None:
    failure = refusal(photos.png_bomb(), Limits(max_bytes=10**9, max_pixels=100_000_000, max_pages=10))
    assert failure.code is FailureCode.TOO_MANY_PIXELS
    assert "20,000 x 20,000" in failure.detail


def test_a_photo_of_exactly_the_limit_in_pixels_passes() -> None:
    width, height = photos.SIZE
    inspect_header(photos.png(), Limits(max_bytes=10**9, max_pixels=width * height, max_pages=1))


def test_too_many_pages_are_refused() -> None:
    failure = refusal(photos.multi_page_tiff(4), Limits(max_bytes=10**9, max_pixels=10**9, max_pages=3))
    assert failure.code is FailureCode.TOO_MANY_PAGES


def test_a_text_file_is_refused_as_unsupported() -> None:
    assert refusal(photos.not_an_image()).code is FailureCode.UNSUPPORTED_FORMAT


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"%PDF-1.4\n", "a PDF"),
        (b"\0\0\0\x18ftypcrx \0\0\0\0crx isom", "a camera raw file (CR3)"),
        (b"BM\x36\0\0\0", "a BMP"),
    ],
)
def test_the_refusal_of_a_well_known_format_names_it(start: bytes, name: str) -> None:
    failure = refusal(start + bytes(100))
    assert failure.code is FailureCode.UNSUPPORTED_FORMAT
    assert failure.detail == f"looks like {name}"


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_ends_inside_its_header_is_truncated(name: str) -> None:
    assert refusal(FORMATS[name][:12]).code is FailureCode.TRUNCATED_IMAGE


def test_a_webp_shorter_than_it_says_is_truncated_before_any_decoding() -> None:
    assert refusal(truncated(photos.webp(), 0.9)).code is FailureCode.TRUNCATED_IMAGE


def test_a_tiff_whose_first_page_is_a_thumbnail_is_refused() -> None:
    new_subfile_type, reduced_resolution = 254, 1
    thumbnail = photos.tiff(image=photos.picture((160, 120)), tiffinfo={new_subfile_type: reduced_resolution})
    failure = refusal(thumbnail)
    assert failure.code is FailureCode.UNSUPPORTED_FORMAT
    assert failure.detail == "a camera raw file without a preview in JPEG"


def test_a_camera_raw_file_is_refused_although_it_is_a_tiff() -> None:
    dng_version = 50706
    failure = refusal(photos.tiff(tiffinfo={dng_version: b"\1\4\0\0"}))
    assert failure.code is FailureCode.UNSUPPORTED_FORMAT
    assert failure.detail == "a camera raw file without a preview in JPEG"


def test_apples_own_variant_of_png_is_unsupported_and_not_corrupt() -> None:
    png = photos.png()
    apples_chunk = b"\0\0\0\4CgBI\x50\0\x20\2\x2b\xd5\xb3\x7f"
    failure = refusal(png[:8] + apples_chunk + png[8:])
    assert failure.code is FailureCode.UNSUPPORTED_FORMAT
    assert "Apple" in failure.detail


@pytest.mark.parametrize("kind", ["char", "short", "int", "uint", "complex"])
@pytest.mark.parametrize("bands", [1, 3])
def test_a_tiff_of_numbers_without_a_known_white_is_refused_as_unsupported(
    tmp_path: Path, kind: str, bands: int
) -> None:
    failure = refusal(photos.tiff_of_kind(kind, bands=bands))
    assert failure.code is FailureCode.UNSUPPORTED_FORMAT
    assert failure.detail.startswith("a TIFF of ")


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_floats_that_are_not_rgb_are_refused_because_their_range_is_not_defined(mode: str) -> None:
    failure = refusal(photos.banded_tiff(photos.picture().convert(mode), photos.mask(), kind="float"))
    assert failure.code is FailureCode.UNSUPPORTED_FORMAT
    assert "range" in failure.detail


@pytest.mark.parametrize("channels", [0, 515, 65_535])
def test_a_tiff_of_absurdly_many_channels_is_corrupt_and_not_just_large(channels: int) -> None:
    samples_per_pixel = 277
    failure = refusal(tiff_with(photos.tiff(), samples_per_pixel, channels))
    assert failure.code is FailureCode.CORRUPT_IMAGE
    assert failure.detail == f"a TIFF of {channels:,} channels"


def test_a_lossless_jpeg_is_refused_as_unsupported() -> None:
    baseline, lossless = b"\xff\xc0", b"\xff\xc3"
    assert refusal(photos.jpeg().replace(baseline, lossless)).code is FailureCode.UNSUPPORTED_FORMAT


def test_a_jpeg_with_an_exif_thumbnail_has_the_size_of_the_photo() -> None:
    thumbnail = photos.jpeg((160, 120))
    exif = b"Exif\0\0" + thumbnail
    assert (
        read_header(photos.jpeg(exif=None, extra=b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif)).size == photos.SIZE
    )


def test_a_progressive_jpeg_is_estimated_to_need_all_its_coefficients() -> None:
    width, height = photos.SIZE
    coefficients = width * height * 3 // 2  # 4:2:0
    assert read_header(photos.jpeg(progressive=True)).decode_bytes == coefficients * 2
    assert read_header(photos.jpeg()).decode_bytes == 0


def test_an_interlaced_png_is_estimated_to_need_its_whole_bitmap() -> None:
    width, height = photos.SIZE
    assert read_header(photos.interlaced_png()).decode_bytes >= width * height * 3
    assert read_header(photos.png()).decode_bytes == 0


def test_a_tiff_whose_directories_go_in_circles_ends() -> None:
    order_and_first = b"II*\0\x08\0\0\0"
    no_fields_then_itself = b"\0\0\x08\0\0\0"
    with pytest.raises(PermanentError):
        read_header(order_and_first + no_fields_then_itself)


@given(st.sampled_from(MAGICS), st.binary(max_size=200))
def test_any_bytes_after_the_magic_give_a_header_or_a_clear_failure(magic: bytes, rest: bytes) -> None:
    assert_header_or_failure(magic + rest)


@settings(max_examples=300)
@given(st.sampled_from(sorted(FORMATS)), st.integers(0, 2**32), st.integers(1, 8))
def test_flipped_bits_in_a_header_give_a_header_or_a_clear_failure(name: str, seed: int, flips: int) -> None:
    assert_header_or_failure(bits_flipped(FORMATS[name][:400], seed=seed, flips=flips))


def assert_header_or_failure(data: bytes) -> None:
    try:
        header = read_header(data)
    except DarkroomError:
        return
    assert header.pixels > 0
    assert header.pages > 0
    assert header.memory_bytes > 0


@pytest.mark.parametrize("byte", [b"\xff", b"\xff\x00", b"\x00", b"\xff\xd0"])
def test_a_jpeg_full_of_padding_is_refused_at_once(byte: bytes) -> None:
    data = b"\xff\xd8\xff" + byte * (400_000 // len(byte))
    start = time.process_time()
    with pytest.raises(PermanentError):
        read_header(data)
    assert time.process_time() - start < 0.5
