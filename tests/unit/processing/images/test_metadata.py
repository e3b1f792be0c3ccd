from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from processing.images.metadata import Rights, exif_block, parse_rights
from tests.support import photos

PREFIX = b"Exif\0\0"
values = st.binary(max_size=60).map(lambda value: value.rstrip(b"\0"))


@given(values, values)
def test_artist_and_copyright_survive_byte_for_byte(artist: bytes, copyright_: bytes) -> None:
    rights = Rights(artist, copyright_)
    assert parse_rights(exif_block(rights).removeprefix(PREFIX)) == rights


def test_gps_and_all_else_is_left_behind() -> None:
    source = photos.exif(artist=b"Ann", gps=True, orientation=6)
    kept = Image.Exif()
    kept.load(exif_block(parse_rights(source.tobytes().removeprefix(PREFIX))))
    assert dict(kept) == {0x013B: "Ann"}


def test_without_rights_there_is_no_block() -> None:
    assert exif_block(Rights()) == b""


@given(st.sampled_from([b"", b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0"]), st.binary(max_size=200))
def test_no_block_however_broken_raises(start: bytes, rest: bytes) -> None:
    assert isinstance(parse_rights(start + rest), Rights)


def test_a_novel_in_the_copyright_field_is_cut_short() -> None:
    novel = photos.exif(copyright_=b"Call me Ishmael. " * 10_000)
    assert len(parse_rights(novel.tobytes().removeprefix(PREFIX)).copyright) == 2000
