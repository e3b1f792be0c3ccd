"""Opens a photo with the one loader that its format has; libvips never guesses, and no pixel is decoded yet."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from processing.formats.header import Header, ImageFormat, cut_off_is_truncated
from processing.formats.jpeg_repair import repair
from processing.formats.jpeg_scans import refuse_incomplete
from processing.geometry import Size
from processing.mapping import map_file
from processing.vips import pyvips

# Any damage must fail, and at the loader: libvips' thumbnail operations silently ignore `fail_on`. libtiff warns about
# every tag that it does not know, so there only errors count.
_STREAMING = {"access": "sequential"}
_SHRINK_ON_LOAD = (ImageFormat.JPEG, ImageFormat.WEBP)


def open_photo(source: Path, image_format: ImageFormat, shrink: int) -> pyvips.Image:
    """Opens the first page for one pass from top to bottom.

    Args:
        source: the file.
        image_format: as its header says.
        shrink: 1, 2, 4 or 8; formats whose decoder cannot shrink ignore it.

    Raises:
        PermanentError: `truncated-image`.
        pyvips.Error: see `decode_failures`.
    """
    return _LOADERS[image_format](source, shrink)


def full_size(photo: pyvips.Image, header: Header) -> Size:
    """Width and height before the decoder shrank it; the other decoders may have cropped and turned it."""
    if header.format in _SHRINK_ON_LOAD:
        return header.size
    return (photo.width, photo.height)


def _open_jpeg(source: Path, shrink: int) -> pyvips.Image:
    # libjpeg only warns when data is missing, and paints the rest grey.
    options = {"shrink": shrink, "fail_on": "warning", **_STREAMING}
    with map_file(source) as data, cut_off_is_truncated():
        repaired = repair(data)
        refuse_incomplete(repaired or data)
    if repaired is not None:
        return pyvips.Image.jpegload_buffer(repaired, **options)
    return pyvips.Image.jpegload(str(source), **options)


def _open_webp(source: Path, shrink: int) -> pyvips.Image:
    return pyvips.Image.webpload(str(source), scale=1 / shrink, fail_on="error", **_STREAMING)


def _open_tiff(source: Path, _: int) -> pyvips.Image:
    # libtiff's own limit on one strip is 50 MB; ours are on pixels, and on memory outside of this process.
    return pyvips.Image.tiffload(str(source), unlimited=True, fail_on="error", **_STREAMING)


def _plainly(load: Callable[..., Any]) -> Callable[[Path, int], pyvips.Image]:
    return lambda source, _: load(str(source), fail_on="error", **_STREAMING)


_LOADERS: dict[ImageFormat, Callable[[Path, int], pyvips.Image]] = {
    ImageFormat.JPEG: _open_jpeg,
    ImageFormat.PNG: _plainly(pyvips.Image.pngload),
    ImageFormat.WEBP: _open_webp,
    ImageFormat.GIF: _plainly(pyvips.Image.gifload),
    ImageFormat.TIFF: _open_tiff,
    ImageFormat.AVIF: _plainly(pyvips.Image.heifload),
}
