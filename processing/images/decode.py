"""Opens a photo with the one loader that its format has; libvips never guesses, and no pixel is decoded yet."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from processing.images.formats.image_header import Header, ImageFormat, cut_off_is_truncated
from processing.images.formats.jpeg_repair import repair
from processing.images.formats.jpeg_scans import refuse_incomplete
from processing.images.geometry import Size
from processing.images.mapped_file import forget_pages, map_file
from processing.images.vips import pyvips

# Any damage must fail, and at the loader: libvips' thumbnail operations silently ignore `fail_on`. libtiff warns about
# every tag that it does not know, so there only errors count.
_STREAMING = {"access": "sequential"}
_SHRINK_ON_LOAD = (ImageFormat.JPEG, ImageFormat.WEBP)
# From this size on, what was read of a mapped JPEG is let go on the way: a worker then peaks at 50 MB with 100
# megapixels instead of 81, for 1 % of the time. One of several scans is read as a whole before its first row comes.
_LARGE_FILE_BYTES = 8 * 1024 * 1024


def open_photo(source: Path, image_format: ImageFormat, shrink: int) -> AbstractContextManager[pyvips.Image]:
    """Opens the first page for one pass from top to bottom.

    The pass must be made within the block: pixels that are asked for later would crash the process.

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


@contextmanager
def _open_jpeg(source: Path, shrink: int) -> Iterator[pyvips.Image]:
    # libjpeg only warns when data is missing, and paints the rest grey.
    options = {"shrink": shrink, "fail_on": "warning", **_STREAMING}
    with map_file(source) as file:
        with cut_off_is_truncated():
            data = repair(file) or file
            refuse_incomplete(data)
        photo = pyvips.Image.jpegload_source(pyvips.Source.new_from_memory(data), **options)
        forget_pages(file)  # which the search for its end may have touched, and the repair has copied
        if data is file and len(file) >= _LARGE_FILE_BYTES:
            photo.set_progress(True)
            photo.signal_connect("eval", lambda *_: forget_pages(file))
        yield photo


def _open_webp(source: Path, shrink: int) -> AbstractContextManager[pyvips.Image]:
    return nullcontext(pyvips.Image.webpload(str(source), scale=1 / shrink, fail_on="error", **_STREAMING))


def _open_tiff(source: Path, _: int) -> AbstractContextManager[pyvips.Image]:
    # libtiff's own limit on one strip is 50 MB; ours are on pixels, and on memory outside of this process.
    return nullcontext(pyvips.Image.tiffload(str(source), unlimited=True, fail_on="error", **_STREAMING))


def _plainly(load: Callable[..., Any]) -> "_Loader":
    return lambda source, _: nullcontext(load(str(source), fail_on="error", **_STREAMING))


_Loader = Callable[[Path, int], AbstractContextManager[pyvips.Image]]
_LOADERS: dict[ImageFormat, _Loader] = {
    ImageFormat.JPEG: _open_jpeg,
    ImageFormat.PNG: _plainly(pyvips.Image.pngload),
    ImageFormat.WEBP: _open_webp,
    ImageFormat.GIF: _plainly(pyvips.Image.gifload),
    ImageFormat.TIFF: _open_tiff,
    ImageFormat.AVIF: _plainly(pyvips.Image.heifload),
}
