from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw
from skimage.data import chelsea

from processing.images.geometry import fit
from processing.images.header import inspect_header
from processing.images.pipeline import render_photo
from processing.renditions import Rendition
from processing.settings import RenderSettings
from tests.support import photos
from tests.support.every_kind import one_of_each
from tests.support.forged_headers import tiff_with, tiff_without
from tests.support.icc_profiles import DISPLAY_P3, LINEAR_SRGB, WIDE_GAMUT
from tests.support.image_comparison import WHITE, corners, mean_colour, similarity
from tests.support.rendering import LIMITS, SETTINGS, opened, output_files, render, render_largest

UPRIGHT = ("red", "green", "blue", "yellow")
GREY = ("grey jpeg", "grey png", "bilevel png", "grey png with alpha", "16-bit grey png", "grey tiff with a mask")
HALF_TRANSPARENT = [name for name in one_of_each() if name.endswith("with alpha") and name not in GREY]
COLOURFUL = [name for name in one_of_each() if name not in GREY and name not in HALF_TRANSPARENT]
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ARTIST, COPYRIGHT, EXTRA_SAMPLES = 0x013B, 0x8298, 0x0152


@pytest.mark.parametrize("name", one_of_each())
def test_every_kind_of_photo_becomes_three_jpegs_and_a_pdf(tmp_path: Path, name: str) -> None:
    rendered = render(tmp_path, one_of_each()[name])
    assert [(file.name, file.width_px, file.height_px) for file in rendered.files] == [
        ("large.jpg", 400, 300),
        ("medium.jpg", 200, 150),
        ("small.jpg", 100, 75),
        ("document.pdf", 400, 300),
    ]
    for file in rendered.files:
        assert (tmp_path / file.name).stat().st_size == file.size_bytes
    for file in rendered.files[:3]:
        picture = opened(tmp_path / file.name)
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (file.width_px, file.height_px))


@pytest.mark.parametrize("name", COLOURFUL)
def test_every_kind_of_colour_photo_shows_the_picture(tmp_path: Path, name: str) -> None:
    assert corners(render_largest(tmp_path, one_of_each()[name])) == UPRIGHT


@pytest.mark.parametrize("name", GREY)
def test_a_grey_photo_becomes_a_colour_jpeg_that_looks_grey(tmp_path: Path, name: str) -> None:
    pixels = np.asarray(render_largest(tmp_path, one_of_each()[name]), dtype=int)
    assert np.ptp(pixels, axis=2).max() <= 2


@pytest.mark.parametrize("name", HALF_TRANSPARENT)
def test_transparency_is_laid_on_white(tmp_path: Path, name: str) -> None:
    picture = render_largest(tmp_path, one_of_each()[name])
    assert corners(picture) == ("red", "white", "blue", "white")
    assert min(mean_colour(picture, 0.8, 0.5)) >= 254


def test_half_transparent_black_on_white_is_grey(tmp_path: Path) -> None:
    veil = Image.new("RGBA", (300, 300), (0, 0, 0, 128))
    assert mean_colour(render_largest(tmp_path, photos.png(image=veil)), 0.5, 0.5) == pytest.approx(
        (127, 127, 127), abs=2
    )


@pytest.mark.parametrize("kind", ["uchar", "ushort"])
def test_half_transparency_is_half_at_every_depth(tmp_path: Path, kind: str) -> None:
    veil = photos.banded_tiff(Image.new("RGB", (300, 300)), Image.new("L", (300, 300), 128), kind=kind)
    assert mean_colour(render_largest(tmp_path, veil), 0.5, 0.5) == pytest.approx((127, 127, 127), abs=2)


def test_half_transparency_of_floats_is_half_the_light(tmp_path: Path) -> None:
    veil = photos.banded_tiff(Image.new("RGB", (300, 300)), Image.new("L", (300, 300), 128), kind="float")
    half_of_the_light = 188  # as IEC 61966-2-1 writes it
    assert mean_colour(render_largest(tmp_path, veil), 0.5, 0.5) == pytest.approx((half_of_the_light,) * 3, abs=2)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_mask_behind_the_transparency_changes_no_pixel(tmp_path: Path, mode: str) -> None:
    masked = render_largest(tmp_path, photos.masked_tiff(mode))
    plain = render_largest(tmp_path, photos.tiff(image=photos.picture().convert(mode)))
    assert similarity(masked, plain) > 0.999


@pytest.mark.parametrize("make", [photos.alpha_tiff, photos.cmyk_alpha_tiff])
def test_a_tiffs_saved_selection_punches_no_hole(tmp_path: Path, make: Callable[[], bytes]) -> None:
    unspecified = 0
    assert corners(render_largest(tmp_path, tiff_with(make(), EXTRA_SAMPLES, unspecified))) == UPRIGHT


def test_a_fourth_band_that_the_tiff_does_not_explain_is_transparency(tmp_path: Path) -> None:
    picture = render_largest(tmp_path, tiff_without(photos.alpha_tiff(), EXTRA_SAMPLES))
    assert corners(picture) == ("red", "white", "blue", "white")


def test_transparent_pixels_do_not_bleed_into_edges(tmp_path: Path) -> None:
    """Black is below the transparency; resizing before flattening would draw a dark edge."""
    image = Image.new("RGBA", (1600, 1200), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((0, 0, 800, 1200), fill=(255, 255, 255, 255))
    assert np.asarray(render_largest(tmp_path, photos.png(image=image))).min() >= 253


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(tmp_path: Path, orientation: int) -> None:
    rendered = render(tmp_path, photos.oriented_jpeg(orientation, (600, 400)))
    for file, size in zip(rendered.files, [(400, 267), (200, 133), (100, 67)], strict=False):
        picture = opened(tmp_path / file.name)
        assert picture.size == size == (file.width_px, file.height_px)
        assert corners(picture) == UPRIGHT


@pytest.mark.parametrize("make", [photos.png, photos.webp, photos.tiff, photos.avif])
def test_an_orientation_in_other_formats_is_applied_once(tmp_path: Path, make: Callable[..., bytes]) -> None:
    turned = photos.picture((600, 400)).transpose(Image.Transpose.ROTATE_90)
    data = make(image=turned, exif=photos.exif(orientation=6))
    assert corners(render_largest(tmp_path, data)) == UPRIGHT


def test_an_orientation_leaves_no_trace_that_would_turn_it_again(tmp_path: Path) -> None:
    assert not render_largest(tmp_path, photos.oriented_jpeg(6)).getexif()


def test_a_photo_smaller_than_the_box_is_not_enlarged(tmp_path: Path) -> None:
    sizes = [(file.width_px, file.height_px) for file in render(tmp_path, photos.jpeg((150, 90))).files]
    assert sizes == [(150, 90), (150, 90), (100, 60), (150, 90)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 900), st.integers(1, 900), st.sampled_from([1, 3, 6, 8]))
def test_each_rendition_has_exactly_the_size_of_the_plan(
    tmp_path: Path, width: int, height: int, orientation: int
) -> None:
    flat = Image.new("RGB", (width, height), photos.RED)
    upright = (height, width) if orientation in (6, 8) else (width, height)
    for data in (photos.jpeg(image=flat, exif=photos.exif(orientation=orientation)), photos.webp(image=flat)):
        rendered = render(tmp_path, data)
        size = upright if rendered.source_format == "jpeg" else (width, height)
        for rendition, file in zip(SETTINGS.renditions, rendered.files, strict=False):
            assert (file.width_px, file.height_px) == fit(size, rendition.box)


def test_a_thin_photo_keeps_its_shape(tmp_path: Path) -> None:
    assert render_largest(tmp_path, photos.jpeg((5000, 3))).size == (400, 1)


def test_p3_numbers_become_the_srgb_numbers_of_the_same_colours(tmp_path: Path) -> None:
    assert_converted(tmp_path, DISPLAY_P3)


def test_a_camera_profile_is_converted_to_srgb(tmp_path: Path) -> None:
    assert_converted(tmp_path, WIDE_GAMUT)


def test_a_profile_that_is_only_called_after_srgb_is_converted(tmp_path: Path) -> None:
    assert_converted(tmp_path, LINEAR_SRGB)


def assert_converted(tmp_path: Path, profile: bytes) -> None:
    """Assert the colours that Little CMS, called through Pillow, converts to."""
    muted = photos.picture().point(lambda value: 64 + value // 2)
    expected = ImageCms.profileToProfile(muted, _open_profile(profile), ImageCms.createProfile("sRGB"))
    assert expected is not None
    picture = render_largest(tmp_path, photos.png(image=muted, icc_profile=profile))
    for column, row in ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)):
        assert mean_colour(picture, column, row) == pytest.approx(mean_colour(expected, column, row), abs=3)
        assert mean_colour(picture, column, row) != pytest.approx(mean_colour(muted, column, row), abs=3)


def test_an_srgb_profile_changes_no_colour(tmp_path: Path) -> None:
    with_profile = render_largest(tmp_path, photos.jpeg(icc_profile=SRGB))
    without = render_largest(tmp_path, photos.jpeg())
    assert with_profile.tobytes() == without.tobytes()


@pytest.mark.parametrize("profile", [SRGB, DISPLAY_P3, WIDE_GAMUT])
def test_floats_under_a_profile_are_the_numbers_of_that_profile(tmp_path: Path, profile: bytes) -> None:
    floats = render_largest(tmp_path, photos.float_tiff(profile))
    integers = render_largest(tmp_path, photos.tiff(icc_profile=profile))
    for column, row in ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)):
        assert mean_colour(floats, column, row) == pytest.approx(mean_colour(integers, column, row), abs=2)


@pytest.mark.parametrize("profile", [b"not a profile" * 20, DISPLAY_P3[:200], DISPLAY_P3[:128] + bytes(400)])
def test_a_broken_profile_costs_no_photo(tmp_path: Path, profile: bytes) -> None:
    assert corners(render_largest(tmp_path, photos.jpeg(icc_profile=profile))) == UPRIGHT


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_a_profile_for_another_number_of_channels_is_ignored(tmp_path: Path, mode: str) -> None:
    image = photos.picture().convert(mode)
    ignored = render_largest(tmp_path, photos.jpeg(image=image, icc_profile=DISPLAY_P3))
    assert ignored.tobytes() == render_largest(tmp_path, photos.jpeg(image=image)).tobytes()


def test_artist_and_copyright_survive_in_every_rendition(tmp_path: Path) -> None:
    exif = photos.exif(artist="José Núñez".encode(), copyright_=b"(c) 2026 Ann\0Editor", orientation=3)
    for file in render(tmp_path, photos.jpeg(exif=exif)).files[:3]:
        kept = opened(tmp_path / file.name).getexif()
        assert kept[ARTIST].encode("latin-1") == "José Núñez".encode()
        assert kept[COPYRIGHT] == "(c) 2026 Ann\0Editor"


@pytest.mark.parametrize("make", [photos.png, photos.webp, photos.tiff, photos.avif])
def test_artist_and_copyright_survive_from_other_formats(tmp_path: Path, make: Callable[..., bytes]) -> None:
    exif = photos.exif(artist=b"Ann", copyright_=b"(c) Ann")
    data = make(exif=exif)
    assert dict(render_largest(tmp_path, data).getexif()) == {ARTIST: "Ann", COPYRIGHT: "(c) Ann"}


def test_nothing_else_survives_and_gps_above_all_does_not(tmp_path: Path) -> None:
    exif = photos.exif(artist=b"Ann", gps=True, orientation=1)
    xmp = b"<x:xmpmeta>52.52N 13.40E</x:xmpmeta>"
    data = photos.jpeg(exif=exif, comment=b"at home", xmp=xmp, icc_profile=DISPLAY_P3, dpi=(300, 300))
    for file in render(tmp_path, data).files:
        assert b"52.52N" not in (tmp_path / file.name).read_bytes()
    kept = opened(tmp_path / "large.jpg")
    assert dict(kept.getexif()) == {ARTIST: "Ann"}
    assert [name for name, _ in kept.applist] == ["APP0", "APP1"]  # type: ignore[attr-defined]


def test_a_photo_without_rights_gets_no_exif_at_all(tmp_path: Path) -> None:
    assert "exif" not in render_largest(tmp_path, photos.jpeg(exif=photos.exif(gps=True))).info


@pytest.mark.parametrize(
    "block", [b"garbage", b"II*\0\x08\0\0\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff"]
)
def test_broken_exif_costs_no_photo(tmp_path: Path, block: bytes) -> None:
    body = b"Exif\0\0" + block
    data = photos.jpeg(extra=b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body)
    assert corners(render_largest(tmp_path, data)) == UPRIGHT


def test_the_quality_is_the_renditions_own(tmp_path: Path) -> None:
    coarse = RenderSettings((Rendition("large", 400, 30), Rendition("medium", 400, 95)), LIMITS)
    large, medium, _ = render(tmp_path, photos.jpeg(), coarse).files
    assert large.size_bytes < medium.size_bytes / 2


def test_huffman_tables_are_optimised_and_chroma_is_halved(tmp_path: Path) -> None:
    large = render(tmp_path, photos.jpeg()).files[0]
    picture = opened(tmp_path / "large.jpg")
    plain = tmp_path / "plain.jpg"
    picture.save(plain, quality=80, subsampling="4:2:0", optimize=False)
    sampling_of_luma_and_chroma = [(layer[1], layer[2]) for layer in picture.layer]  # type: ignore[attr-defined]
    assert sampling_of_luma_and_chroma == [(2, 2), (1, 1), (1, 1)]
    assert large.size_bytes < plain.stat().st_size


@pytest.mark.parametrize("longest_box_px", [150, 300])
def test_every_rendition_is_as_sharp_as_if_resized_from_the_source(tmp_path: Path, longest_box_px: int) -> None:
    boxes = (longest_box_px, longest_box_px // 2, longest_box_px // 4)
    best = RenderSettings(tuple(Rendition(str(box_px), box_px, 100) for box_px in boxes), LIMITS)
    source = Image.fromarray(chelsea())  # type: ignore[no-untyped-call]
    for file in render(tmp_path, photos.jpeg(image=source, quality=95), best).files[:3]:
        reference = source.resize((file.width_px, file.height_px), Image.Resampling.LANCZOS)
        assert similarity(opened(tmp_path / file.name), reference) > 0.99


def test_the_first_frame_stands_for_an_animation(tmp_path: Path) -> None:
    assert corners(render_largest(tmp_path, photos.animated_gif())) == UPRIGHT


def test_source_format_and_size_are_reported_as_stored(tmp_path: Path) -> None:
    rendered = render(tmp_path, photos.oriented_jpeg(6, (600, 400)))
    assert (rendered.source_format, rendered.source_width_px, rendered.source_height_px) == ("jpeg", 400, 600)


def test_the_same_photo_gives_the_same_bytes(tmp_path: Path) -> None:
    names = [file.name for file in render(tmp_path, photos.jpeg()).files]
    first = [(tmp_path / name).read_bytes() for name in names]
    render(tmp_path, photos.jpeg())
    assert [(tmp_path / name).read_bytes() for name in names] == first


def test_white_stays_white(tmp_path: Path) -> None:
    for mode in ("RGB", "L", "CMYK"):
        white = Image.new("RGB", (500, 500), WHITE).convert(mode)
        assert np.asarray(render_largest(tmp_path, photos.tiff(image=white))).min() >= 253


def _open_profile(profile: bytes) -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(BytesIO(profile))


def test_every_output_differs_by_its_mark_and_is_the_same_under_the_same(tmp_path: Path) -> None:
    def outputs(mark: str) -> dict[str, bytes]:
        rendered = render(tmp_path, photos.jpeg(), mark=mark)
        return {file.name: (tmp_path / file.name).read_bytes() for file in rendered.files}

    one, same, other = (outputs(mark) for mark in ("darkroom 1", "darkroom 1", "darkroom 2"))
    assert one == same
    assert len(one) == 4
    assert all(one[name] != other[name] for name in one)


def test_a_header_that_was_read_before_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = inspect_header(photos.jpeg(), SETTINGS.limits)
    monkeypatch.setattr("processing.images.pipeline.inspect_header", lambda *_: pytest.fail("read again"))
    with output_files(tmp_path) as outputs:
        assert len(render_photo(photos.jpeg(), outputs, SETTINGS, header=header).files) == 4
