"""Opens a photo with its format's libvips loader. libvips never guesses the format; no pixel is decoded yet."""

import mmap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from processing.images.formats.input_format import Data, Header, InputFormat, cut_off_is_truncated
from processing.images.geometry import Size
from processing.images.mapped_file import drop_resident_pages, map_file
from processing.images.vips import pyvips

# Set on the loader, because libvips' thumbnail operations silently ignore `fail_on`. libtiff warns about every tag
# that it does not know, so warnings fail a photo only where the format says so.
_DEFAULT_OPTIONS = {"access": "sequential", "fail_on": "error"}
# From this size on, pages of a mapped file are dropped once read: with 100 megapixels a worker then peaks at 50 MB
# instead of 81, for 1 % of the time.
_LARGE_FILE_BYTES = 8 * 1024 * 1024


@contextmanager
def open_photo(source: Path, input_format: InputFormat, shrink: int) -> Iterator[pyvips.Image]:
    """Open the first page for one sequential pass, which must be made within the block.

    Pixels that are requested after the block would crash the process.

    Args:
        source: the file.
        input_format: as its header says.
        shrink: shrink-on-load by 1, 2, 4 or 8; decoders that cannot shrink ignore it.

    Raises:
        PermanentError: `truncated-image`.
        pyvips.Error: see `translate_decoder_errors`.
    """
    options = {**_DEFAULT_OPTIONS, **input_format.options}
    if input_format.shrink_options:
        options |= input_format.shrink_options(shrink)
    if not input_format.prepare:
        yield pyvips.Operation.call(input_format.loader, str(source), **options)
        return
    with map_file(source) as file:
        with cut_off_is_truncated():
            data = input_format.prepare(file)
        drop_resident_pages(file)  # `prepare` has read some of them, or has copied them all
        yield _load_from_memory(data, input_format.loader, options)


def full_size(photo: pyvips.Image, header: Header) -> Size:
    """Return width and height before shrink-on-load, after what other decoders crop and turn."""
    return header.size if header.format.shrink_options else (photo.width, photo.height)


def _load_from_memory(data: Data, loader: str, options: Mapping[str, Any]) -> pyvips.Image:
    photo = pyvips.Operation.call(loader, pyvips.Source.new_from_memory(data), **options)
    if isinstance(data, mmap.mmap) and len(data) >= _LARGE_FILE_BYTES:
        photo.set_progress(True)
        photo.signal_connect("eval", lambda *_: drop_resident_pages(data))
    return photo
