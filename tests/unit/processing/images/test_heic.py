import struct
from pathlib import Path

import pytest
import pyvips
from PIL import Image

from processing.failures import FailureCode, PermanentError
from processing.images.formats.heic import HEIC
from processing.images.formats.registry import read_header
from processing.images.geometry import choose_shrink
from processing.images.header import inspect_header
from processing.renditions import Rendition
from processing.settings import Limits, RenderSettings
from tests.support import photos
from tests.support.colour_chart import PATCHES, as_srgb, chart, worst_delta_e
from tests.support.damage import truncated, zero_tail
from tests.support.heic_photos import (
    DEPTH,
    GAIN_MAP,
    P3_PRIMARIES,
    PQ_CURVE,
    SRGB_CURVE,
    auxiliary_heic,
    box_at,
    burst_heic,
    deep_heic,
    exif_only_heic,
    grid_heic,
    heic,
    heic_claiming,
    oriented_heic,
)
from tests.support.icc_profiles import DISPLAY_P3
from tests.support.image_comparison import corners, similarity
from tests.support.rendering import LIMITS, opened, render, render_largest

UPRIGHT = ("red", "green", "blue", "yellow")
HALF_WHITE = ("red", "white", "blue", "white")
MAX_DELTA_E = 3.0
SMALL = (160, 120)
STILLS = {
    "single": heic(photos.picture(SMALL)),
    "grid": grid_heic(photos.picture(SMALL), 64),
    "alpha": heic(photos.transparent(SMALL)),
}


def refusal(tmp_path: Path, data: bytes) -> PermanentError:
    """Return the failure of a photo."""
    with pytest.raises(PermanentError) as caught:
        render(tmp_path, data)
    return caught.value


@pytest.mark.parametrize("size", [(640, 480), (641, 479), (130, 1001)])
@pytest.mark.parametrize("make", [heic, grid_heic])
def test_the_size_is_read_from_the_boxes(make: object, size: tuple[int, int]) -> None:
    header = read_header(make(photos.picture(size)))  # type: ignore[operator]
    assert (header.format, header.size) == (HEIC, size)


def test_a_grid_of_tiles_looks_like_the_picture_in_one_piece(tmp_path: Path) -> None:
    whole = render_largest(tmp_path, heic(photos.picture((641, 479)), quality=95))
    tiled = render_largest(tmp_path, grid_heic(photos.picture((641, 479)), quality=95))
    assert tiled.size == whole.size
    assert similarity(tiled, whole) > 0.99


@pytest.mark.parametrize("side", [128, 200])
def test_a_large_grid_that_is_shrunk_while_it_is_decoded_keeps_its_details(tmp_path: Path, side: int) -> None:
    image = photos.picture((1301, 975))
    small = RenderSettings((Rendition("large", 200, 90),), LIMITS)
    assert choose_shrink(image.size, 200) == 4
    render(tmp_path, grid_heic(image, side, quality=95), small)
    picture = opened(tmp_path / "large.jpg")
    assert picture.size == (200, 150)
    assert similarity(picture, image.resize((200, 150), Image.Resampling.LANCZOS)) > 0.975


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_boxes_and_the_exif_block_that_say_the_same_turn_the_photo_once(tmp_path: Path, orientation: int) -> None:
    picture = render_largest(tmp_path, oriented_heic(orientation))
    assert picture.size == (400, 300)
    assert corners(picture) == UPRIGHT


@pytest.mark.parametrize("stale", [1, 3, 8])
def test_the_boxes_count_and_not_an_exif_block_that_says_otherwise(tmp_path: Path, stale: int) -> None:
    said, block = photos.exif(orientation=6).tobytes()[6:], photos.exif(orientation=stale).tobytes()[6:]
    data = oriented_heic(6)
    assert data.count(said) == 1
    assert corners(render_largest(tmp_path, data.replace(said, block))) == UPRIGHT


def test_an_exif_block_alone_turns_the_photo(tmp_path: Path) -> None:
    picture = render_largest(tmp_path, exif_only_heic(6))
    assert picture.size == (400, 300)
    assert corners(picture) == UPRIGHT


def test_a_crop_is_applied_before_the_orientation(tmp_path: Path) -> None:
    picture = render_largest(tmp_path, heic(photos.picture((401, 301)), quality=95))
    assert picture.size == (400, 300)  # x265 codes 402 x 302, libheif writes the box clap


def test_display_p3_by_a_profile_becomes_srgb(tmp_path: Path) -> None:
    picture = render_largest(tmp_path, heic(chart(), icc_profile=DISPLAY_P3, chroma=444, quality=95))
    assert worst_delta_e(picture, as_srgb(PATCHES, gamma=2.2)) < MAX_DELTA_E


@pytest.mark.parametrize("make", [heic, grid_heic])
def test_display_p3_by_code_points_becomes_srgb(tmp_path: Path, make: object) -> None:
    options = {"color_primaries": P3_PRIMARIES, "transfer_characteristics": SRGB_CURVE, "chroma": 444, "quality": 95}
    picture = render_largest(tmp_path, make(chart(), **options))  # type: ignore[operator]
    assert worst_delta_e(picture, as_srgb(PATCHES)) < MAX_DELTA_E


@pytest.mark.parametrize("matrix", [1, 6])
@pytest.mark.parametrize("full_range", [0, 1])
def test_srgb_keeps_its_colours_whatever_the_matrix_and_the_range(tmp_path: Path, matrix: int, full_range: int) -> None:
    data = heic(chart(), matrix_coefficients=matrix, full_range_flag=full_range, chroma=444, quality=95)
    assert worst_delta_e(render_largest(tmp_path, data), PATCHES) < MAX_DELTA_E


def test_ten_bits_keep_their_colours(tmp_path: Path) -> None:
    assert read_header(deep_heic(chart())).memory_bytes > read_header(heic(chart())).memory_bytes
    assert worst_delta_e(render_largest(tmp_path, deep_heic(chart())), PATCHES) < MAX_DELTA_E


def test_a_grey_picture_comes_out_grey(tmp_path: Path) -> None:
    picture = render_largest(tmp_path, heic(photos.picture().convert("L")))
    assert similarity(picture, render_largest(tmp_path, photos.grey_jpeg())) > 0.98


def test_hidden_transparency_is_flattened_on_white(tmp_path: Path) -> None:
    assert corners(render_largest(tmp_path, heic(photos.transparent()))) == HALF_WHITE


@pytest.mark.parametrize("name", [DEPTH, GAIN_MAP])
def test_depth_and_gain_maps_are_ignored(tmp_path: Path, name: bytes) -> None:
    picture = Image.new("RGBA", photos.SIZE, (*photos.RED, 0))
    assert corners(render_largest(tmp_path, auxiliary_heic(name, picture))) == ("red",) * 4


def test_a_thumbnail_is_ignored(tmp_path: Path) -> None:
    picture = render_largest(tmp_path, heic(thumbnails=[64]))
    assert picture.size == (400, 300)
    assert corners(picture) == UPRIGHT


def test_the_primary_picture_of_a_burst_is_rendered(tmp_path: Path) -> None:
    others = [Image.new("RGB", (320, 240), colour) for colour in (photos.BLUE, photos.RED)]
    data = burst_heic(photos.picture(), *others)
    assert read_header(data).size == photos.SIZE
    assert corners(render_largest(tmp_path, data)) == UPRIGHT


def test_artist_and_copyright_are_kept_and_the_position_is_not(tmp_path: Path) -> None:
    block = photos.exif(artist=b"Ann", copyright_=b"Ann 2026", gps=True)
    render(tmp_path, heic(exif=block.tobytes(), xmp=b"<x:xmpmeta>exif:GPSLatitude</x:xmpmeta>"))
    source = pyvips.Source.new_from_memory((tmp_path / "large.jpg").read_bytes())
    stored = pyvips.Image.jpegload_source(source)
    fields = {name: str(stored.get(name)) for name in stored.get_fields()}
    assert fields["exif-ifd0-Artist"].startswith("Ann ")
    assert fields["exif-ifd0-Copyright"].startswith("Ann 2026 ")
    assert not [name for name in fields if name.startswith("exif-ifd3") or "xmp" in name]
    assert b"GPSLatitude" not in (tmp_path / "large.jpg").read_bytes()


@pytest.mark.parametrize("tenth", range(1, 10))
@pytest.mark.parametrize("name", STILLS)
def test_a_heic_cut_off_anywhere_is_refused_as_truncated(tmp_path: Path, name: str, tenth: int) -> None:
    assert refusal(tmp_path, truncated(STILLS[name], tenth / 10)).code is FailureCode.TRUNCATED_IMAGE


@pytest.mark.parametrize("name", STILLS)
def test_a_heic_whose_tail_was_never_written_is_refused_as_truncated(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path, zero_tail(STILLS[name], 0.8)).code is FailureCode.TRUNCATED_IMAGE


def test_a_grid_with_a_hole_is_refused(tmp_path: Path) -> None:
    data = bytearray(STILLS["grid"])
    middle = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2
    data[middle : middle + 100] = bytes(100)
    assert refusal(tmp_path, bytes(data)).code is FailureCode.CORRUPT_IMAGE


def test_a_grid_with_a_tile_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    header = read_header(STILLS["grid"])
    start, end = header.picture.tiles[1][1].spans[0]  # type: ignore[attr-defined]
    noise = b"\x01" * (end - start - 4)
    data = STILLS["grid"][: start + 4] + noise + STILLS["grid"][end:]
    assert refusal(tmp_path, data[:start] + struct.pack(">I", len(noise)) + data[start + 4 :]).code in (
        FailureCode.CORRUPT_IMAGE,
        FailureCode.UNSUPPORTED_FORMAT,
    )


def test_a_size_beyond_the_limit_is_refused_by_the_header() -> None:
    limits = Limits(max_bytes=10**9, max_pixels=10**8, max_pages=10)
    with pytest.raises(PermanentError) as caught:
        inspect_header(heic_claiming(100_000, 100_000), limits)
    assert caught.value.code is FailureCode.TOO_MANY_PIXELS


def test_a_size_that_is_not_that_of_the_tiles_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, heic_claiming(128, 72)).code is FailureCode.CORRUPT_IMAGE


def test_a_picture_of_hdr_brightness_is_refused_as_that(tmp_path: Path) -> None:
    failure = refusal(tmp_path, heic(photos.picture(SMALL), transfer_characteristics=PQ_CURVE))
    assert failure.code is FailureCode.UNSUPPORTED_FORMAT
    assert failure.detail == "a picture with the brightness of HDR (PQ), which a JPEG cannot hold"


def test_a_sequence_without_a_still_picture_is_refused_as_that(tmp_path: Path) -> None:
    failure = refusal(tmp_path, b"\0\0\0\x18ftyphevc\0\0\0\0msf1hevc" + b"\0\0\0\x08moov")
    assert failure.code is FailureCode.UNSUPPORTED_FORMAT
    assert failure.detail == "a HEIF without a still picture, such as a video"


@pytest.mark.parametrize("codec", [b"vvc1", b"avc1", b"jpeg"])
def test_another_codec_is_refused_by_its_name(tmp_path: Path, codec: bytes) -> None:
    data = STILLS["single"].replace(b"hvc1", codec)
    failure = refusal(tmp_path, data)
    assert failure.code is FailureCode.UNSUPPORTED_FORMAT
    assert codec.decode() in failure.detail


def test_an_unknown_property_is_ignored_unless_it_is_essential(tmp_path: Path) -> None:
    data = bytearray(STILLS["single"].replace(b"colrnclx", b"xxxxnclx"))
    assert corners(render_largest(tmp_path, bytes(data))) == UPRIGHT
    associations = box_at(bytes(data), b"ipma") + 11  # after version, count, item and the number of its properties
    for place in range(associations, associations + data[associations - 1]):
        data[place] |= 0x80
    failure = refusal(tmp_path, bytes(data))
    assert failure.code is FailureCode.UNSUPPORTED_FORMAT
    assert failure.detail == "a HEIC that needs a rare property to be shown"


def test_a_heif_of_av1_is_read_as_an_avif(tmp_path: Path) -> None:
    data = photos.avif()
    brands = data[8:32].replace(b"avif", b"mif1").replace(b"avis", b"mif1")
    as_heif = data[:8] + brands + data[32:]
    assert read_header(as_heif).format.name == "avif"
