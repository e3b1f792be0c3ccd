from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL.PngImagePlugin import PngInfo

from processing.images.formats.orientation_tags import Turn, exif_orientation, xmp_orientation
from tests.support import photos
from tests.support.image_comparison import corners
from tests.support.rendering import render, render_largest

UPRIGHT = ("red", "green", "blue", "yellow")
STORED = {orientation: photos.stored_for(orientation) for orientation in range(1, 9)}
ORIENTATION_TAG = 274
XMP_TAG = 700


def xmp(orientation: int) -> bytes:
    """Make an XMP packet."""
    return (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
        b'tiff:Orientation="%d"/></rdf:RDF></x:xmpmeta>' % orientation
    )


def raw_profile(block: bytes) -> str:
    """Make the text of an EXIF block as ImageMagick writes it."""
    digits = block.hex()
    lines = [digits[start : start + 72] for start in range(0, len(digits), 72)]
    return "\nexif\n%8d\n" % len(block) + "\n".join(lines) + "\n"  # noqa: UP031 (as its writers do)


def png_with_text(name: str, text: str, orientation: int, **options: bytes) -> bytes:
    """Encode a PNG with a comment."""
    info = PngInfo()
    info.add_text(name, text, zip=True)
    return photos.png(image=STORED[orientation], pnginfo=info, **options)


def png_with_xmp(orientation: int, packet: bytes, **options: bytes) -> bytes:
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", packet.decode())
    return photos.png(image=STORED[orientation], pnginfo=info, **options)


def block(orientation: int | None, **fields: bytes) -> bytes:
    return photos.exif(orientation=orientation, **fields).tobytes()  # type: ignore[arg-type]


PLACES = {
    "exif of a png": lambda o: photos.png(image=STORED[o], exif=block(o)),
    "older text chunk of a png": lambda o: png_with_text("Raw profile type exif", raw_profile(block(o)), o),
    "app1 text chunk of a png": lambda o: png_with_text("Raw profile type APP1", raw_profile(block(o)), o),
    "xmp of a png": lambda o: png_with_xmp(o, xmp(o)),
    "exif of a webp": lambda o: photos.webp(image=STORED[o], exif=block(o)),
    "xmp of a webp": lambda o: photos.webp(image=STORED[o], xmp=xmp(o)),
    "exif of a jpeg": lambda o: photos.jpeg(image=STORED[o], exif=photos.exif(orientation=o)),
    "xmp of a jpeg": lambda o: photos.jpeg(image=STORED[o], xmp=xmp(o)),
    "xmp of a jpeg whose exif is silent": lambda o: photos.jpeg(
        image=STORED[o], xmp=xmp(o), exif=photos.exif(artist=b"Ann")
    ),
    "directory of a tiff": lambda o: photos.tiff(image=STORED[o], tiffinfo={ORIENTATION_TAG: o}),
    "xmp of a tiff": lambda o: photos.tiff(image=STORED[o], tiffinfo={XMP_TAG: xmp(o)}),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("place", PLACES)
def test_a_photo_comes_out_upright_wherever_its_orientation_is_stored(
    tmp_path: Path, place: str, orientation: int
) -> None:
    picture = render_largest(tmp_path, PLACES[place](orientation))
    assert picture.size == (400, 300)
    assert corners(picture) == UPRIGHT


EXIF_FIRST = {
    "jpeg": lambda: photos.jpeg(image=STORED[6], xmp=xmp(3), exif=photos.exif(orientation=6)),
    "upright jpeg": lambda: photos.jpeg(xmp=xmp(3), exif=photos.exif(orientation=1)),
    "png": lambda: png_with_xmp(6, xmp(3), exif=block(6)),
    "webp": lambda: photos.webp(image=STORED[6], xmp=xmp(3), exif=block(6)),
    "upright tiff": lambda: photos.tiff(tiffinfo={ORIENTATION_TAG: 1, XMP_TAG: xmp(3)}),
}


@pytest.mark.parametrize("name", EXIF_FIRST)
def test_xmp_counts_only_where_exif_is_silent(tmp_path: Path, name: str) -> None:
    assert corners(render_largest(tmp_path, EXIF_FIRST[name]())) == UPRIGHT


def test_the_older_text_chunk_keeps_artist_and_copyright(tmp_path: Path) -> None:
    render(tmp_path, png_with_text("Raw profile type exif", raw_profile(block(1, artist=b"Ann")), 1))
    assert b"Ann\0" in (tmp_path / "large.jpg").read_bytes()


@pytest.mark.parametrize("text", ["", "\nexif\n", "\nexif\n 8\nnot hexadecimal", "\nexif\n 8\n4d4d002", "\n\n\n\n"])
def test_an_older_text_chunk_that_is_broken_is_ignored(tmp_path: Path, text: str) -> None:
    assert corners(render_largest(tmp_path, png_with_text("Raw profile type exif", text, 1))) == UPRIGHT


@given(st.lists(st.sampled_from(["rotate", "left to right", "top to bottom"]), max_size=8))
def test_turns_one_after_the_other_are_one_turn(steps: list[str]) -> None:
    turn, corner = Turn(), (0, 1, 2, 3)  # top left, top right, bottom left, bottom right
    for step in steps:
        a, b, c, d = corner
        if step == "rotate":
            turn, corner = turn.rotated(1), (b, d, a, c)
        else:
            turn = turn.mirrored(top_to_bottom=step == "top to bottom")
            corner = (c, d, a, b) if step == "top to bottom" else (b, a, d, c)
    assert corner == _turned(turn.orientation)


def _turned(orientation: int) -> tuple[int, ...]:
    """Return the corners after an orientation by the definition of Exif 3.0, tag 0x0112."""
    return {
        1: (0, 1, 2, 3),
        2: (1, 0, 3, 2),
        3: (3, 2, 1, 0),
        4: (2, 3, 0, 1),
        5: (0, 2, 1, 3),
        6: (2, 0, 3, 1),
        7: (3, 1, 2, 0),
        8: (1, 3, 0, 2),
    }[orientation]


@pytest.mark.parametrize(
    "packet",
    [
        b'tiff:Orientation="6"',
        b"tiff:Orientation='6'",
        b"<tiff:Orientation>6</tiff:Orientation>",
        b"<tiff:Orientation> 6 </tiff:Orientation>",
        b'tiff:Orientation = "6"',
    ],
)
def test_xmp_is_read_as_attribute_and_as_element(packet: bytes) -> None:
    assert xmp_orientation(b"<x>" + packet) == 6


@pytest.mark.parametrize("packet", [b"", b'tiff:Orientation="9"', b'tiff:Orientation="66"', b'Orientation="6"'])
def test_xmp_without_a_valid_orientation_is_silent(packet: bytes) -> None:
    assert xmp_orientation(packet) is None


@given(st.binary(max_size=100))
def test_no_block_however_broken_raises(data: bytes) -> None:
    assert exif_orientation(data) in (None, *range(1, 9))
    assert xmp_orientation(data) in (None, *range(1, 9))
