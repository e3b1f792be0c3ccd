"""Every kind of photo that must be rendered."""

from functools import cache

from tests.support import heic_photos, photos, rare_tiffs


@cache
def one_of_each() -> dict[str, bytes]:
    """Return every kind of photo that must be rendered, by name."""
    return {
        "jpeg": photos.jpeg(),
        "progressive jpeg": photos.jpeg(progressive=True),
        "jpeg with restart markers": photos.jpeg(restart_marker_rows=2),
        "jpeg with trailing data": photos.jpeg(trailing=b"<?php not for us ?>" * 100),
        "grey jpeg": photos.grey_jpeg(),
        "cmyk jpeg": photos.cmyk_jpeg(),
        "p3 jpeg": photos.p3_jpeg(),
        "mpo": photos.mpo(),
        "png": photos.png(),
        "png with alpha": photos.alpha_png(),
        "palette png": photos.palette_png(),
        "grey png": photos.grey_png(),
        "bilevel png": photos.bilevel_png(),
        "grey png with alpha": photos.grey_alpha_png(),
        "16-bit png": photos.sixteen_bit_png(),
        "16-bit png with alpha": photos.sixteen_bit_alpha_png(),
        "16-bit grey png": photos.sixteen_bit_grey_png(),
        "interlaced png": photos.interlaced_png(),
        "webp": photos.webp(),
        "lossless webp with alpha": photos.webp(image=photos.transparent(), lossless=True),
        "animated webp": photos.animated_webp(),
        "gif": photos.gif(),
        "animated gif": photos.animated_gif(),
        "tiff": photos.tiff(),
        "lzw tiff": photos.tiff(compression="tiff_lzw"),
        "jpeg tiff": photos.tiff(compression="jpeg"),
        "tiff with alpha": photos.alpha_tiff(),
        "16-bit tiff with alpha": photos.alpha_tiff("ushort"),
        "float tiff with alpha": photos.alpha_tiff("float"),
        "float tiff": photos.float_tiff(),
        "cmyk tiff with alpha": photos.cmyk_alpha_tiff(),
        "16-bit cmyk tiff with alpha": photos.cmyk_alpha_tiff("ushort"),
        "masked tiff with alpha": photos.banded_tiff(photos.picture(), photos.mask(), photos.mask()),
        "tiff with a mask": photos.masked_tiff(),
        "16-bit tiff with a mask": photos.masked_tiff(kind="ushort"),
        "grey tiff with a mask": photos.masked_tiff("L"),
        "cmyk tiff with a mask": photos.masked_tiff("CMYK"),
        "cmyk tiff": photos.tiff(image=photos.picture().convert("CMYK")),
        "lzma tiff": photos.tiff(compression="lzma"),
        "tiff of planar tiles": rare_tiffs.planar_tiff(photos.picture()),
        "subsampled tiff": rare_tiffs.subsampled_tiff(photos.picture()),
        "camera raw": rare_tiffs.camera_raw(photos.jpeg(), full_size=photos.SIZE),
        "multi-page tiff": photos.multi_page_tiff(),
        "heic": heic_photos.heic(),
        "heic of tiles": heic_photos.grid_heic(),
        "10-bit heic": heic_photos.deep_heic(),
        "heic with alpha": heic_photos.heic(photos.transparent()),
        "avif": photos.avif(),
        "avif with alpha": photos.avif(image=photos.transparent()),
    }
