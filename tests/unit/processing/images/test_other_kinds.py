import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.images.formats.other_kinds import name_kind

STARTS = {
    b"%PDF-1.7\n": "a PDF",
    b"8BPS\0\1": "a Photoshop file (PSD)",
    b"\xff\x0a\x10": "a JPEG XL",
    b"\0\0\0\x0cJXL \r\n\x87\n": "a JPEG XL",
    b"\0\0\0\x0cjP  \r\n\x87\n": "a JPEG 2000",
    b"\xff\x4f\xff\x51": "a JPEG 2000",
    b"BM\x36\0\1\0\0\0\0\0": "a BMP",
    b"\0\0\1\0\3\0\x10\x10": "an icon (ICO)",
    b"PK\3\4\x14\0": "a ZIP archive",
    b"FUJIFILMCCD-RAW 0201": "a camera raw file (RAF)",
    b"IIRO\x08\0\0\0": "a camera raw file (ORF)",
    b"IIU\0\x18\0\0\0": "a camera raw file (RW2)",
    b"\x1a\x45\xdf\xa3\x01": "a video (WebM or Matroska)",
    b"RIFF\x24\0\0\0AVI LIST": "a video (AVI)",
    b'<svg xmlns="http://www.w3.org/2000/svg">': "an SVG",
    b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn -->\n<svg width="4">': "an SVG",
    b"<!DOCTYPE html><title>404</title>": "a web page",
    b"\0\5\x16\7\0\2\0\0Mac OS X": "the extra data of macOS (a file named ._...), not the photo itself",
    bytes(500): "zeros in place of its content",
    b"Dear reader": "none of the formats",
    b"": "none of the formats",
    b"\0": "none of the formats",
}


def ftyp(*brands: bytes) -> bytes:
    """Make the first box of an ISO base media file."""
    body = brands[0] + bytes(4) + b"".join(brands)
    return (8 + len(body)).to_bytes(4, "big") + b"ftyp" + body


@pytest.mark.parametrize(("start", "name"), STARTS.items(), ids=[str(n) for n in range(len(STARTS))])
def test_a_kind_is_named_by_its_first_bytes(start: bytes, name: str) -> None:
    assert name_kind(start + bytes(20 if start.strip(b"\0") else 0)) == name


@pytest.mark.parametrize(
    ("brands", "name"),
    [
        ((b"isom", b"iso2", b"avc1", b"mp41"), "a video (MP4)"),
        ((b"3gp5", b"isom"), "a video (MP4)"),
        ((b"qt  ",), "a video (QuickTime)"),
        ((b"crx ", b"isom"), "a camera raw file (CR3)"),
        ((b"jxl ",), "a JPEG XL"),
        ((b"mif1", b"vvic"), "a HEIF of the codec VVC"),
        ((b"????",), "none of the formats"),
    ],
)
def test_an_iso_base_media_file_is_named_by_its_brands(brands: tuple[bytes, ...], name: str) -> None:
    assert name_kind(ftyp(*brands)) == name


@given(st.binary(max_size=64))
def test_any_bytes_have_a_name(data: bytes) -> None:
    assert name_kind(data)


@given(st.binary(max_size=64), st.integers(min_value=0, max_value=2**32 - 1))
def test_a_list_of_brands_that_is_cut_off_has_a_name(rest: bytes, size: int) -> None:
    assert name_kind(size.to_bytes(4, "big") + b"ftyp" + rest)
