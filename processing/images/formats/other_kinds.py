"""Names the kinds of files that Darkroom does not read, by their magic bytes, for the detail of a failure."""

import re

from processing.images.formats.input_format import Data
from processing.images.formats.iso_boxes import brands

UNKNOWN = "none of the formats"
_ZEROS = "zeros in place of its content"
_MP4 = "a video (MP4)"
_JPEG_XL, _JPEG_2000 = "a JPEG XL", "a JPEG 2000"

# ISO base media files by brand; the first that a file lists decides.
_BY_BRAND = {
    b"crx ": "a camera raw file (CR3)",
    b"jxl ": _JPEG_XL,
    b"jp2 ": _JPEG_2000,
    b"jpx ": _JPEG_2000,
    b"qt  ": "a video (QuickTime)",
    b"M4A ": "a sound file (M4A)",
    **dict.fromkeys((b"vvic", b"vvis"), "a HEIF of the codec VVC"),
    **dict.fromkeys((b"avci", b"avcs"), "a HEIF of the codec H.264"),
    **dict.fromkeys((b"j2ki", b"j2is"), "a HEIF of JPEG 2000"),
}
# Videos have dozens of brands.
_VIDEO_BRAND = rb"iso[m2-9]|mp4[12]|avc1|M4V |MSNV|dash|3g[2gp].|XAVC|hvc1|av01|f4v "
_QUICKTIME_WITHOUT_BRANDS = (b"moov", b"mdat", b"wide")

# The first match decides. Compiled when needed, because a worker starts faster without them.
_BY_START = (
    (rb"%PDF-", "a PDF"),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "a PostScript file"),
    (rb"8BPS", "a Photoshop file (PSD)"),
    (rb"gimp xcf", "a GIMP file (XCF)"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", _JPEG_XL),
    (rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51", _JPEG_2000),
    (rb"II\xbc", "a JPEG XR"),
    (rb"BM.{4}\0\0\0\0", "a BMP"),
    (rb"\0\0[\x01\x02]\0[^\0]\0", "an icon (ICO)"),
    (rb"icns", "an icon (ICNS)"),
    (rb"\x76\x2f\x31\x01", "an OpenEXR"),
    (rb"#\?RADIANCE", "a Radiance HDR"),
    (rb"P[1-7]\s", "a Netpbm image"),
    (rb"FUJIFILMCCD-RAW", "a camera raw file (RAF)"),
    (rb"II(?:RO|RS)|MMOR", "a camera raw file (ORF)"),
    (rb"IIU\0", "a camera raw file (RW2)"),
    (rb".{6}HEAPCCDR", "a camera raw file (CRW)"),
    (rb"FOVb", "a camera raw file (X3F)"),
    (rb"\0MRM", "a camera raw file (MRW)"),
    (rb"\x1a\x45\xdf\xa3", "a video (WebM or Matroska)"),
    (rb"RIFF.{4}AVI ", "a video (AVI)"),
    (rb"PK[\x03\x05][\x04\x06]", "a ZIP archive"),
    (rb"Rar!\x1a\x07", "a RAR archive"),
    (rb"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (rb"\x1f\x8b", "a gzip archive"),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document or Thumbs.db"),
    (rb"\0\x05\x16\x07", "the extra data of macOS (a file named ._...), not the photo itself"),
    (rb"\0\0\0\x01Bud1", "a .DS_Store of macOS"),
    (rb"(?:\xef\xbb\xbf)?\s*<(?i:!doctype html|html)", "a web page"),
    (rb"(?:\xef\xbb\xbf)?\s*<(?:svg|[?!].{0,900}?<svg)", "an SVG"),
)
_READ_BYTES = 1024


def name_kind(data: Data) -> str:
    """Name the kind of a file that is in none of `FORMATS`, with its article; never raises.

    Args:
        data: the file, or its first kilobyte.
    """
    start = bytes(data[:_READ_BYTES])
    by_start = (name for pattern, name in _BY_START if re.match(pattern, start, re.DOTALL))
    return _by_brand(start) or next(by_start, _ZEROS if len(start) > 1 and not any(start) else UNKNOWN)


def _by_brand(start: bytes) -> str | None:
    listed = brands(start)
    if any(brand in _BY_BRAND for brand in listed):
        return next(_BY_BRAND[brand] for brand in listed if brand in _BY_BRAND)
    is_video = any(re.fullmatch(_VIDEO_BRAND, brand) for brand in listed)
    return _MP4 if is_video else "a video (QuickTime)" if start[4:8] in _QUICKTIME_WITHOUT_BRANDS else None
