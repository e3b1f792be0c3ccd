"""Files that no camera writes: bombs, wrecks, chimeras. Each with its permitted outcomes."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import pyvips
from PIL import Image

from processing.failures import FailureCode
from tests.support import heic_photos, photos
from tests.support.damage import bits_flipped, half_zeros, truncated
from tests.support.forged_headers import (
    SMALL,
    avif_claiming,
    deflated_zeros,
    encoded,
    endless_scans,
    gif_claiming,
    gif_of_sub_blocks,
    gif_with_frame_at,
    jpeg_claiming,
    jpeg_patched,
    jpeg_without,
    looping_tiff,
    many_frames,
    png_claiming,
    png_with,
    riff,
    stills,
    tiff_claiming,
    webp_claiming,
)
from tests.support.icc_profiles import DISPLAY_P3

PROCESSED = "processed"
REFUSED = frozenset({FailureCode.UNSUPPORTED_FORMAT, FailureCode.CORRUPT_IMAGE, FailureCode.TRUNCATED_IMAGE})
TOO_MUCH = frozenset({FailureCode.TOO_MANY_PIXELS, FailureCode.TOO_MANY_PAGES, FailureCode.OUT_OF_MEMORY})
ANYTHING = REFUSED | TOO_MUCH | {PROCESSED}


@dataclass(frozen=True)
class Hostile:
    """A file and its permitted outcomes.

    Attributes:
        data: its bytes.
        permitted: `processed`, or failure codes.
    """

    data: bytes
    permitted: frozenset[str]


Named = Iterator[tuple[str, Hostile]]


def bombs() -> Named:
    """Yield small files that need much memory or time."""
    yield "png of 400 million pixels", Hostile(photos.png_bomb(20_000), TOO_MUCH)
    yield "png of 49 million pixels", Hostile(photos.png_bomb(7_000), frozenset({PROCESSED}))
    yield "png that claims 4 billion columns", Hostile(png_claiming(2**31 - 1, 2**31 - 1), TOO_MUCH)
    yield "jpeg that claims 65,500 x 65,500", Hostile(jpeg_claiming(65_500, 65_500), TOO_MUCH)
    yield "jpeg that claims 7,000 x 7,000", Hostile(jpeg_claiming(7_000, 7_000), REFUSED)
    yield "progressive jpeg that claims 7,000 x 7,000", Hostile(jpeg_claiming(7_000, 7_000, progressive=True), REFUSED)
    yield "gif screen of 65,535 x 65,535", Hostile(gif_claiming(65_535, 65_535), TOO_MUCH)
    yield "gif of 150 frames", Hostile(many_frames("GIF", 150), TOO_MUCH)
    yield "gif whose frame lies far outside", Hostile(gif_with_frame_at(65_535), frozenset({FailureCode.CORRUPT_IMAGE}))
    yield "webp that claims 16 million x 16 million", Hostile(webp_claiming(2**24, 2**24), TOO_MUCH)
    yield "webp of 150 frames", Hostile(many_frames("WEBP", 150), TOO_MUCH)
    yield "tiff that claims 4 billion x 4 billion", Hostile(tiff_claiming(2**32 - 1, 2**32 - 1), TOO_MUCH)
    yield "tiff of one strip of 45 million pixels", Hostile(tiff_claiming(9_000, 5_000), REFUSED)
    yield "tiff of 150 pages", Hostile(photos.multi_page_tiff(150), TOO_MUCH)
    yield "tiff whose pages go in circles", Hostile(looping_tiff(), ANYTHING)
    yield "avif that claims 2 billion x 2 billion", Hostile(avif_claiming(2**31 - 1, 2**31 - 1), TOO_MUCH)
    yield "png with a profile of 200 MB", Hostile(png_with(b"iCCP", b"x\0\0" + deflated_zeros(200)), ANYTHING)
    yield "png with a remark of 200 MB", Hostile(png_with(b"zTXt", b"x\0\0" + deflated_zeros(200)), ANYTHING)
    yield "progressive jpeg of endless scans", Hostile(endless_scans(7_000), frozenset({FailureCode.CORRUPT_IMAGE}))
    yield "49 million pixels in 85 scans", Hostile(endless_scans(7_000, 85), frozenset({FailureCode.CORRUPT_IMAGE}))
    yield "jpeg full of padding", Hostile(b"\xff\xd8" + b"\xff" * 3_000_000, REFUSED)
    yield "jpeg of a million remarks", Hostile(b"\xff\xd8" + b"\xff\xfe\0\2" * 1_000_000, REFUSED)
    yield "gif of a million sub-blocks", Hostile(gif_of_sub_blocks(1_000_000), REFUSED)
    yield "gif of 20 million sub-blocks", Hostile(gif_of_sub_blocks(20_000_000), frozenset({FailureCode.CORRUPT_IMAGE}))


def heif_bombs() -> Named:
    """Yield HEIFs of absurd sizes, counts and places, and of a picture larger than they say."""
    corrupt = frozenset({FailureCode.CORRUPT_IMAGE})
    yield "heic that claims 4 billion x 4 billion", Hostile(heic_photos.heic_claiming(2**32 - 1, 2**32 - 1), TOO_MUCH)
    yield "heic that claims 6,000 x 6,000", Hostile(heic_photos.heic_claiming(6_000, 6_000), REFUSED)
    yield "heic grid of 65,535 tiles", Hostile(heic_photos.grid_of(65_535), corrupt)
    yield "heic grid of 65,280 tiny tiles", Hostile(heic_photos.grid_of(65_280, tile=(1, 1)), corrupt)
    yield "heic grid of 512 tiles without pixels", Hostile(heic_photos.grid_of(512), corrupt | TOO_MUCH)
    yield "heic of 20,000 overlapping extents", Hostile(heic_photos.grid_of(1, extents=20_000), corrupt)
    yield "heic of 65,535 extents", Hostile(heic_photos.grid_of(1, extents=65_535), corrupt)
    beyond = heic_photos.grid_of(1, extent_bytes=2**32 - 1)
    yield "heic whose pixels lie outside", Hostile(beyond, frozenset({FailureCode.TRUNCATED_IMAGE}))
    yield "heif of 200,000 items", Hostile(heic_photos.heif_of_items(200_000), REFUSED)
    yield "heif of 2,000 boxes in boxes", Hostile(heic_photos.nested_heif(2_000), REFUSED)
    large = heic_photos.heic(Image.new("RGB", (4_096, 4_096)))
    place = heic_photos.box_at(large, b"ispe") + 4
    smaller = large[:place] + struct.pack(">II", 96, 72) + large[place + 8 :]
    yield "heic of 16 megapixels that claims 96 x 72", Hostile(smaller, REFUSED)


def cut_off() -> Named:
    """Yield files truncated at every tenth of their length."""
    for name, data in stills().items():
        for tenth in range(1, 10):
            yield f"{name} at {tenth}/10", Hostile(truncated(data, tenth / 10), REFUSED | {PROCESSED})


def wrecks() -> Named:
    """Yield files that are empty or almost empty."""
    yield "no bytes", Hostile(b"", frozenset({FailureCode.EMPTY_OBJECT}))
    yield "one byte", Hostile(b"\0", REFUSED)
    yield "a megabyte of zeros", Hostile(bytes(1_000_000), REFUSED)
    for name, data in stills().items():
        yield f"{name}, its first twelve bytes", Hostile(data[:12], REFUSED)
        yield f"{name}, its start and then zeros", Hostile(data[:32] + bytes(1000), ANYTHING)
        yield f"{name}, its start and then ones", Hostile(data[:32] + b"\xff" * 1000, ANYTHING)
        yield f"{name}, its second half gone to zeros", Hostile(half_zeros(data), ANYTHING)


def chimeras() -> Named:
    """Yield files of two formats in one, or of another format than they start with."""
    jpeg, png = stills()["jpeg"], stills()["png"]
    archive = b"PK\x03\x04" + bytes(500) + b"PK\x05\x06" + bytes(18)
    yield "jpeg and zip", Hostile(jpeg + archive, frozenset({PROCESSED}))
    yield "png and zip", Hostile(png + archive, frozenset({PROCESSED}))
    yield (
        "jpeg with php in a remark",
        Hostile(photos.jpeg(SMALL, comment=b"<?php exec('id') ?>"), frozenset({PROCESSED})),
    )
    yield "pdf before jpeg", Hostile(b"%PDF-1.7\n" + jpeg, REFUSED)
    yield "zip before jpeg", Hostile(archive + jpeg, REFUSED)
    yield "gif that is javascript", Hostile(b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)", ANYTHING)
    yield "svg", Hostile(b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>', REFUSED)
    yield "imagemagick script", Hostile(b"push graphic-context\nimage over 0,0 0,0 'url:file:///etc/passwd'", REFUSED)
    yield "postscript", Hostile(b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file", REFUSED)
    yield "jpeg's start, png's body", Hostile(jpeg[:20] + png[20:], REFUSED)
    yield "png's start, jpeg's body", Hostile(png[:33] + jpeg[2:], REFUSED)
    yield "webp around a jpeg", Hostile(riff(b"VP8 ", jpeg), REFUSED | TOO_MUCH)


def odd_pixels() -> Named:
    """Yield unusual bit depths and channel counts."""
    for depth in (1, 2, 4, 16):
        grey = pyvips.Image.black(*SMALL).cast("ushort" if depth == 16 else "uchar")
        yield f"png of {depth} bits", Hostile(bytes(grey.pngsave_buffer(bitdepth=depth)), frozenset({PROCESSED}))
    for kind in ("char", "short", "ushort", "int", "uint", "float", "double", "complex"):
        for bands in (1, 2, 3, 4, 5, 9):
            data = photos.tiff_of_kind(kind, bands=bands, size=SMALL)
            yield f"tiff of {bands} x {kind}", Hostile(data, REFUSED | {PROCESSED})
    yield "jpeg of 12 bits", Hostile(jpeg_patched(photos.jpeg(SMALL), precision=12), REFUSED)
    yield "jpeg of two components", Hostile(jpeg_patched(photos.jpeg(SMALL), components=2), REFUSED)
    yield "jpeg without a quantisation table", Hostile(jpeg_without(photos.jpeg(SMALL), b"\xff\xdb"), REFUSED)
    yield "jpeg without a huffman table", Hostile(jpeg_without(photos.jpeg(SMALL), b"\xff\xc4"), ANYTHING)


def odd_shapes() -> Named:
    """Yield images of one row, one column or one pixel."""
    for width, height in ((1, 1), (1, 5_000), (5_000, 1), (2, 16_000), (16_000, 2)):
        image = Image.new("RGB", (width, height), photos.RED)
        for format_ in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF"):
            yield f"{format_} of {width} x {height}", Hostile(encoded(image, format_), frozenset({PROCESSED}))


def broken_metadata() -> Named:
    """Yield photos with invalid EXIF blocks and profiles."""
    well = frozenset({PROCESSED})
    for name, block in {
        "garbage": b"garbage",
        "a directory at its own end": b"II*\0\xff\xff\xff\xff",
        "a directory that goes in circles": b"II*\0\x08\0\0\0" + b"\0\0" + b"\x08\0\0\0",
        "65,535 entries": b"MM\0*\0\0\0\x08\xff\xff" + bytes(200),
        "an orientation of 9": photos.exif(orientation=9).tobytes()[6:],
        "an orientation of 65,535": photos.exif(orientation=65_535).tobytes()[6:],
        "a huge artist": b"II*\0\x08\0\0\0\1\0\x3b\x01\2\0\xff\xff\xff\x7f\x1a\0\0\0\0\0\0\0",
    }.items():
        body = b"Exif\0\0" + block
        segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
        yield f"jpeg with exif: {name}", Hostile(photos.jpeg(SMALL, extra=segment), well)
        yield f"webp with exif: {name}", Hostile(photos.webp(image=photos.picture(SMALL), exif=body), well)
        yield f"png with exif: {name}", Hostile(png_with(b"eXIf", block), well)
    for name, profile in {
        "garbage": b"garbage" * 30,
        "only zeros": bytes(500),
        "cut off": DISPLAY_P3[:200],
        "a tag beyond its end": DISPLAY_P3[:132] + b"\xff" * 60 + DISPLAY_P3[192:],
        "flipped bits": bits_flipped(DISPLAY_P3, seed=1, flips=40),
    }.items():
        yield f"jpeg with a profile: {name}", Hostile(photos.jpeg(SMALL, icc_profile=profile), well)
        yield f"png with a profile: {name}", Hostile(photos.png(image=photos.picture(SMALL), icc_profile=profile), well)
        yield (
            f"tiff with a profile: {name}",
            Hostile(photos.tiff(image=photos.picture(SMALL), icc_profile=profile), well),
        )


def many_pictures() -> Named:
    """Yield files with several pictures, or with data after the picture."""
    well = frozenset({PROCESSED})
    yield "animated gif", Hostile(photos.animated_gif(), well)
    yield "animated webp", Hostile(photos.animated_webp(), well)
    yield "multi-page tiff", Hostile(photos.multi_page_tiff(3), well)
    yield "mpo", Hostile(photos.mpo(), well)
    yield "mpo, its second picture cut off", Hostile(truncated(photos.mpo(), 0.97), well)
    yield "jpeg with a megabyte behind it", Hostile(photos.jpeg(SMALL, trailing=b"x" * 1_000_000), well)
    yield "two jpegs, one behind the other", Hostile(photos.jpeg(SMALL) * 2, well)


KINDS = {
    kind.__name__: kind
    for kind in (bombs, heif_bombs, cut_off, wrecks, chimeras, odd_pixels, odd_shapes, broken_metadata, many_pictures)
}
