"""Opens a photo with the decoder of its format, which is never guessed. libvips' loaders decode no pixel yet."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager

from processing.images.formats.camera_raw import PreviewHeader
from processing.images.formats.heic import HeicHeader
from processing.images.formats.input_format import Data, Header, Prepared, cut_off_is_truncated
from processing.images.formats.tiff import TiffHeader
from processing.images.geometry import Size
from processing.images.heif import open_heic
from processing.images.pillow_tiff import open_with_pillow
from processing.images.vips import pyvips

# Set on the loader, because libvips' thumbnail operations silently ignore `fail_on`. libtiff warns about every tag
# that it does not know, so warnings fail a photo only where the format says so.
_DEFAULT_OPTIONS = {"access": "sequential", "fail_on": "error"}
# From this size on, pages of a mapped file are dropped once read: with 100 megapixels a worker then peaks at 50 MB
# instead of 81, for 1 % of the time.
_LARGE_FILE_BYTES = 8 * 1024 * 1024


def prepare_photo(photo: Data, header: Header) -> Prepared:
    """Check that a file is complete, and repair harmless defects.

    Raises:
        PermanentError: `truncated-image`, `corrupt-image`.
    """
    part = photo[header.start : header.end] if isinstance(header, PreviewHeader) else photo
    with cut_off_is_truncated():
        return header.format.prepare(part) if header.format.prepare else Prepared(part)


@contextmanager
def open_photo(photo: Data, prepared: Prepared, header: Header, shrink: int) -> Iterator[pyvips.Image]:
    """Open the first page for one sequential pass within the block.

    Reading pixels after the block would crash the process.

    Args:
        photo: the file.
        prepared: see `prepare_photo`.
        header: its header.
        shrink: shrink-on-load by 1, 2, 4 or 8; decoders that cannot shrink ignore it.

    Raises:
        PermanentError: `truncated-image`, `corrupt-image`.
        pyvips.Error: see `translate_decoder_errors`.
    """
    _drop_resident_pages(photo)  # which the parsers have read, or have copied
    try:
        if isinstance(header, HeicHeader):
            with open_heic(photo, header, shrink) as image:
                yield image
        elif isinstance(header, TiffHeader) and header.pillow:
            yield open_with_pillow(photo, header, header.pillow)
        else:
            yield _load(prepared.data, header, shrink)
    finally:
        _drop_resident_pages(photo)  # before encoding


def _load(data: Data, header: Header, shrink: int) -> pyvips.Image:
    input_format = header.format
    options = {**_DEFAULT_OPTIONS, **input_format.options}
    if input_format.shrink_options:
        options |= input_format.shrink_options(shrink)
    if header.page:
        options |= {"page": header.page}
    image = pyvips.Operation.call(input_format.loader, pyvips.Source.new_from_memory(data), **options)
    if len(data) >= _LARGE_FILE_BYTES:
        image.set_progress(True)
        image.signal_connect("eval", lambda *_: _drop_resident_pages(data))
    return image


def full_size(photo: pyvips.Image, header: Header) -> Size:
    """Return the size without shrink-on-load; other decoders may crop and turn."""
    knows_size = header.format.shrink_options or isinstance(header, HeicHeader)
    return header.size if knows_size else (photo.width, photo.height)


def _drop_resident_pages(photo: Data) -> None:
    """Drop a mapped photo's pages from memory; the page cache keeps them."""
    if isinstance(photo, memoryview) and isinstance(photo.obj, mmap.mmap):
        photo.obj.madvise(mmap.MADV_DONTNEED, 0, len(photo))
