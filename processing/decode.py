"""Opens a photo with the one loader that its format has; libvips never guesses, and no pixel is decoded yet."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from processing.failures import FailureCode, PermanentError
from processing.formats.header import Header, ImageFormat
from processing.geometry import Size
from processing.vips import pyvips

# Any damage must fail, at the loader: libvips' thumbnail operations silently ignore `fail_on`. For a JPEG that means
# warnings too: libjpeg only warns when data is missing, and paints the rest grey. libtiff warns about unknown tags, so
# there "error" is the right line.
_STREAMING = {"access": "sequential"}
_SHRINK_ON_LOAD = (ImageFormat.JPEG, ImageFormat.WEBP)


def open_photo(source: Path, header: Header, shrink: int) -> pyvips.Image:
    """Opens the first page for one pass from top to bottom.

    Args:
        source: the file.
        header: what was held against the limits.
        shrink: 1, 2, 4 or 8; formats whose decoder cannot shrink ignore it.

    Raises:
        PermanentError: `corrupt-image` when libvips finds more pixels than were held against the limits.
        pyvips.Error: see `decode_failures`.
    """
    photo = _LOADERS[header.format](str(source), shrink)
    if photo.width * photo.height > header.pixels:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "the file says two different things about its size")
    return photo


def full_size(photo: pyvips.Image, header: Header) -> Size:
    """Width and height before the decoder shrank it; an AVIF's decoder has already cropped and turned it."""
    if header.format in _SHRINK_ON_LOAD:
        return header.size
    return (photo.width, photo.height)


def _open_jpeg(source: str, shrink: int) -> pyvips.Image:
    return pyvips.Image.jpegload(source, shrink=shrink, fail_on="warning", **_STREAMING)


def _open_webp(source: str, shrink: int) -> pyvips.Image:
    return pyvips.Image.webpload(source, scale=1 / shrink, fail_on="error", **_STREAMING)


def _open_tiff(source: str, _: int) -> pyvips.Image:
    # libtiff's own limit on one strip is 50 MB; ours are on pixels, and on memory outside of this process.
    return pyvips.Image.tiffload(source, unlimited=True, fail_on="error", **_STREAMING)


def _plainly(load: Callable[..., Any]) -> Callable[[str, int], pyvips.Image]:
    return lambda source, _: load(source, fail_on="error", **_STREAMING)


_LOADERS: dict[ImageFormat, Callable[[str, int], pyvips.Image]] = {
    ImageFormat.JPEG: _open_jpeg,
    ImageFormat.PNG: _plainly(pyvips.Image.pngload),
    ImageFormat.WEBP: _open_webp,
    ImageFormat.GIF: _plainly(pyvips.Image.gifload),
    ImageFormat.TIFF: _open_tiff,
    ImageFormat.AVIF: _plainly(pyvips.Image.heifload),
}
