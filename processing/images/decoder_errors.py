"""Says in our words why a decoder gave up."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from processing.failures import DarkroomError, FailureCode, PermanentError, RetryableError
from processing.images.formats import png
from processing.images.formats.image_header import ImageFormat
from processing.images.mapped_file import map_file
from processing.images.vips import pyvips

# What the decoders' messages say, in lower case; the first that matches decides.
_SIGNS: dict[FailureCode, tuple[str, ...]] = {
    FailureCode.CORRUPT_IMAGE: (
        "bad image dimensions",  # libvips, which says that it is out of memory in the next line
        "security limit",  # libheif: absurd counts, which it calls an allocation error
        "out of memory reading of",  # libtiff: an absurd count in a tag
    ),
    FailureCode.OUT_OF_MEMORY: (
        "out of memory",  # libvips
        "insufficient memory",  # libjpeg
        "memory allocation",  # libheif
        "no space for",  # libtiff
        "unable to allocate",
        "cannot allocate",
        "creating thread",  # glib: no room for another stack
    ),
    FailureCode.INTERNAL_ERROR: ("system error", "no such file"),
    FailureCode.TRUNCATED_IMAGE: (
        "premature end",  # libjpeg
        "found marker 0xd9 instead of rst",  # libjpeg: the end where there should be more
        "libpng read error",  # libvips on libpng
        "unexpected end",  # libnsgif
        "read error at scanline",  # libtiff
        "seek",  # libtiff and libvips: bad seek, seek error
        "outside of file",  # libheif
        "end of file",
        "truncated",
    ),
    FailureCode.UNSUPPORTED_FORMAT: (
        "unsupported",
        "not supported",
        "not implemented",
        "not configured",
        # libvips on whole TIFFs that it cannot read: of 10, 12 or 14 bits, of a few bits and transparency, of doubles
        "not a whole number of bytes",
        "not 1 bands",
        "samples out of range",
    ),
}
_DAMAGE = (FailureCode.TRUNCATED_IMAGE, FailureCode.CORRUPT_IMAGE)
# What libvips and libtiff say in passing about profiles and tags, which never fail a photo.
_REMARKS = ("VipsIcc:", "tiff2vips: Defined set_get_field_type of custom tag")
_NO_REASON = "the decoder gave no reason"
_NO_REASON_FOR_PNG = "its header or a chunk before the pixels is damaged or missing"  # libvips loses libpng's words
_UNPRINTABLE = re.compile(r"[^ -~]+")
_PATH = re.compile(r"\S*/\S*")
_MAX_DETAIL = 160


@contextmanager
def decode_failures(source: Path, image_format: ImageFormat) -> Iterator[None]:
    """Turns an error of libvips into one of ours. Belongs around every place where pixels are pulled: libvips is lazy.

    Args:
        source: the file.
        image_format: as its header says.

    Raises:
        PermanentError: `truncated-image`, `corrupt-image`, `unsupported-format`, `out-of-memory`.
        RetryableError: `internal-error` when the disk failed, not the photo.
    """
    try:
        yield
    except pyvips.Error as error:
        failure = classify(error.detail)
        if image_format is ImageFormat.PNG and failure.code in _DAMAGE:
            failure = _png_damage(failure, source)
        raise failure from None


def classify(message: str) -> DarkroomError:
    """The failure that a decoder's message speaks of; corrupt, if it names nothing we know."""
    cause = _cause(message)
    lowered = cause.lower()
    matches = (code for code, signs in _SIGNS.items() if any(sign in lowered for sign in signs))
    code = next(matches, FailureCode.CORRUPT_IMAGE)
    kind = RetryableError if code is FailureCode.INTERNAL_ERROR else PermanentError
    return kind(code, _one_line(cause))


def _cause(message: str) -> str:
    return "\n".join(line for line in message.splitlines() if line.strip() and not line.startswith(_REMARKS))


def _png_damage(failure: DarkroomError, png_file: Path) -> PermanentError:
    detail = _NO_REASON_FOR_PNG if failure.detail == _NO_REASON else failure.detail
    return PermanentError(_damage_of(png_file), detail)


def _damage_of(png_file: Path) -> FailureCode:
    # libpng says the same of missing and of damaged data.
    with map_file(png_file) as data:
        return FailureCode.CORRUPT_IMAGE if png.has_end(data) else FailureCode.TRUNCATED_IMAGE


def _one_line(message: str) -> str:
    """The first line, printable and without paths."""
    first = message.partition("\n")[0] or _NO_REASON
    return _PATH.sub("...", _UNPRINTABLE.sub(" ", first)).strip()[:_MAX_DETAIL]
