"""Makes the photos of the tests: every format and variant that the pipeline must render, as bytes.

All show the same asymmetric picture (see `picture`), so that a test can tell which way up a photo is.
"""

import io
import struct
import zlib
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyvips
from PIL import Image

from tests.support.icc_profiles import DISPLAY_P3

Pixels = npt.NDArray[np.uint8]

RED, GREEN, BLUE, YELLOW = (200, 40, 40), (40, 160, 60), (40, 60, 190), (230, 210, 60)
SIZE = (640, 480)

_ORIENTATION, _ARTIST, _COPYRIGHT, _GPS = 0x0112, 0x013B, 0x8298, 0x8825
_LATITUDE_REFERENCE, _LATITUDE = 1, 2
# First column and row, and the steps, of the seven passes of an interlaced PNG.
_ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def picture(size: tuple[int, int] = SIZE) -> Image.Image:
    """Draw red top left, green top right, blue bottom left, yellow bottom right, with fine texture."""
    width, height = size
    quarters = Image.new("RGB", (2, 2))
    for position, colour in {(0, 0): RED, (1, 0): GREEN, (0, 1): BLUE, (1, 1): YELLOW}.items():
        quarters.putpixel(position, colour)
    pixels = np.asarray(quarters.resize(size, Image.Resampling.NEAREST), dtype=np.int16)
    rows, columns = np.ogrid[:height, :width]
    waves = 14 * np.sin(rows / 7) * np.cos(columns / 11)
    noise = np.random.default_rng(1).normal(0, 4, (height, width))
    return Image.fromarray(np.clip(pixels + (waves + noise)[:, :, None], 0, 255).astype(np.uint8))


def jpeg(
    size: tuple[int, int] = SIZE,
    *,
    image: Image.Image | None = None,
    exif: Image.Exif | None = None,
    trailing: bytes = b"",
    **options: Any,
) -> bytes:
    """Encode a baseline JPEG.

    Args:
        size: width and height, of the default picture.
        image: another picture.
        exif: see `exif`.
        trailing: bytes after the end of the image, as some cameras and all polyglots have.
        options: Pillow's (`progressive`, `quality`, `icc_profile`, `restart_marker_rows`, ...).
    """
    return _saved(image or picture(size), "JPEG", **({"quality": 90} | options), **_exif_option(exif)) + trailing


@cache
def large_jpeg(orientation: int = 1, **options: Any) -> bytes:
    """Encode noise: 14 megabytes for 8 megapixels, so that memory is mostly the file."""
    noise = np.random.default_rng(2).integers(0, 256, (2448, 3264, 3), dtype=np.uint8)
    return jpeg(image=Image.fromarray(noise), exif=exif(orientation=orientation), quality=100, **options)


def exif(
    *, orientation: int | None = None, artist: bytes = b"", copyright_: bytes = b"", gps: bool = False
) -> Image.Exif:
    """Build an EXIF block of these fields alone."""
    block = Image.Exif()
    for tag, value in ((_ORIENTATION, orientation), (_ARTIST, artist), (_COPYRIGHT, copyright_)):
        if value:
            block[tag] = value
    if gps:
        block[_GPS] = {_LATITUDE_REFERENCE: "N", _LATITUDE: (52.0, 31.0, 12.0)}
    return block


def stored_for(orientation: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """Turn the picture so that it is upright once an orientation (1 to 8) is applied; `size` is the upright one."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = picture(size)
    return upright.transpose(undo[orientation]) if orientation in undo else upright


def oriented_jpeg(orientation: int, size: tuple[int, int] = SIZE) -> bytes:
    """Encode a JPEG that shows the picture once its EXIF orientation is applied; `size` is the upright one."""
    return jpeg(image=stored_for(orientation, size), exif=exif(orientation=orientation))


def grey_jpeg() -> bytes:
    return jpeg(image=picture().convert("L"))


def cmyk_jpeg() -> bytes:
    """Encode a JPEG as Photoshop does: Adobe marker, inverted values."""
    return jpeg(image=picture().convert("CMYK"))


def p3_jpeg() -> bytes:
    """Encode the picture's numbers as Display P3."""
    return jpeg(icc_profile=DISPLAY_P3)


def mpo() -> bytes:
    """Encode a multi-picture JPEG, as stereo cameras and phones with depth do."""
    return _saved(picture(), "MPO", save_all=True, append_images=[picture((64, 48))])


def png(*, image: Image.Image | None = None, **options: Any) -> bytes:
    return _saved(image or picture(), "PNG", **options)


def transparent(size: tuple[int, int] = SIZE) -> Image.Image:
    """Make the right half of the picture transparent black."""
    image = picture(size).convert("RGBA")
    width, height = size
    image.paste((0, 0, 0, 0), (width // 2, 0, width, height))
    return image


def alpha_png() -> bytes:
    return png(image=transparent())


def palette_png() -> bytes:
    return png(image=picture().quantize(64))


def grey_png() -> bytes:
    return png(image=picture().convert("L"))


def bilevel_png() -> bytes:
    return png(image=picture().convert("1"))


def grey_alpha_png() -> bytes:
    return png(image=transparent().convert("LA"))


def sixteen_bit_png() -> bytes:
    """Encode RGB with 16 bits a channel, which Pillow cannot."""
    return bytes(_as_ushort(picture()).pngsave_buffer(bitdepth=16))


def sixteen_bit_alpha_png() -> bytes:
    return bytes(_as_ushort(transparent()).pngsave_buffer(bitdepth=16))


def sixteen_bit_grey_png() -> bytes:
    return bytes(_as_ushort(picture().convert("L")).pngsave_buffer(bitdepth=16))


def interlaced_png() -> bytes:
    return bytes(_as_vips(picture()).pngsave_buffer(interlace=True))


def png_bomb(side: int = 20_000, *, interlaced: bool = False) -> bytes:
    """Encode side x side black pixels in some 50 kB; interlaced, they are decoded as a whole."""
    passes = _ADAM7 if interlaced else [(0, 0, 1, 1)]
    packer = zlib.compressobj(9)
    pixels = b""
    for column, row, column_step, row_step in passes:
        empty_row = bytes(1 + -(-(side - column) // (8 * column_step)))
        pixels += b"".join(packer.compress(empty_row) for _ in range(row, side, row_step))
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, int(interlaced))
    body = _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels + packer.flush()) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def webp(*, image: Image.Image | None = None, **options: Any) -> bytes:
    return _saved(image or picture(), "WEBP", **options)


def animated_webp() -> bytes:
    """Encode an animation whose first frame is the picture."""
    return webp(save_all=True, append_images=[Image.new("RGB", SIZE, colour) for colour in (RED, BLUE)])


def gif() -> bytes:
    return _saved(picture().quantize(128), "GIF")


def animated_gif() -> bytes:
    """Encode an animation whose first of three frames is the picture."""
    others = [Image.new("RGB", SIZE, colour) for colour in (RED, BLUE)]
    return _saved(picture(), "GIF", save_all=True, append_images=others)


def tiff(*, image: Image.Image | None = None, **options: Any) -> bytes:
    return _saved(image or picture(), "TIFF", **options)


def banded_tiff(image: Image.Image, *more: Image.Image, kind: str = "uchar") -> bytes:
    """Encode a TIFF with more bands than colours, which Pillow cannot.

    Args:
        image: the colours, grey, RGB or CMYK.
        more: one band each: transparency, a mask, a spot colour.
        kind: uchar, ushort or float; floats are linear light from 0 to 1.
    """
    colours, bands = _of_kind(_as_vips(image), kind), [_of_kind(_as_vips(band), kind) for band in more]
    return bytes(colours.bandjoin(bands).copy(interpretation=colours.interpretation).tiffsave_buffer())


def float_tiff(profile: bytes | None = None) -> bytes:
    """Encode the picture's numbers from 0 to 1 under a profile; without one, as linear light."""
    image = _as_vips(picture())
    if profile is None:
        return bytes(_of_kind(image, "float").tiffsave_buffer())
    numbers = (image / 255).cast("float").copy(interpretation="scrgb")
    numbers.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return bytes(numbers.tiffsave_buffer())


def tiff_of_kind(kind: str, *, bands: int, size: tuple[int, int] = (96, 72)) -> bytes:
    """Encode any number of bands of any libvips format: char, uint, double, complex ..."""
    return bytes((pyvips.Image.black(*size, bands=bands) + 7).cast(kind).tiffsave_buffer())


def mask(size: tuple[int, int] = SIZE) -> Image.Image:
    """Make one band that is opaque on the left and transparent on the right."""
    return transparent(size).getchannel("A")


def cmyk_alpha_tiff(kind: str = "uchar") -> bytes:
    """Encode CMYK and a fifth channel, the right half transparent."""
    return banded_tiff(picture().convert("CMYK"), mask(), kind=kind)


def alpha_tiff(kind: str = "uchar") -> bytes:
    return banded_tiff(picture(), mask(), kind=kind)


def masked_tiff(mode: str = "RGB", kind: str = "uchar") -> bytes:
    """Encode an opaque TIFF with a mask after the transparency."""
    return banded_tiff(picture().convert(mode), Image.new("L", SIZE, 255), mask(), kind=kind)


def multi_page_tiff(pages: int = 3) -> bytes:
    """Encode pages of which the first is the picture."""
    return tiff(save_all=True, append_images=[Image.new("RGB", (64, 48), BLUE)] * (pages - 1))


def avif(*, image: Image.Image | None = None, **options: Any) -> bytes:
    return _saved(image or picture(), "AVIF", **({"speed": 10} | options))


def not_an_image() -> bytes:
    return b"Dear reader, this is a text in a file that is called holiday.jpg.\n"


def _saved(image: Image.Image, format_: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def _exif_option(block: Image.Exif | None) -> dict[str, bytes]:
    return {} if block is None else {"exif": block.tobytes()}


def _as_vips(image: Image.Image) -> pyvips.Image:
    interpretation = {"RGB": "srgb", "RGBA": "srgb", "CMYK": "cmyk"}.get(image.mode, "b-w")
    pixels = pyvips.Image.new_from_memory(image.tobytes(), *image.size, len(image.getbands()), "uchar")
    return pixels.copy(interpretation=interpretation)


def _of_kind(image: pyvips.Image, kind: str) -> pyvips.Image:
    if kind == "float":
        return image.colourspace("scrgb") if image.bands == 3 else (image / 255).cast("float")
    return (image * 257).cast("ushort").copy(interpretation=image.interpretation) if kind == "ushort" else image


def _as_ushort(image: Image.Image) -> pyvips.Image:
    deep = (_as_vips(image) * 257).cast("ushort")
    return deep.copy(interpretation="rgb16" if image.mode.startswith("RGB") else "grey16")


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
