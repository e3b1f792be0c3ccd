"""Translates the decoders' error messages into failure codes."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from processing.failures import DarkroomError, FailureCode, PermanentError, RetryableError
from processing.images.formats.input_format import Data, InputFormat
from processing.images.vips import pyvips

# Parts of the decoders' messages, in lower case; the first match decides.
_MESSAGE_PARTS: dict[FailureCode, tuple[str, ...]] = {
    FailureCode.CORRUPT_IMAGE: (
        "bad image dimensions",  # libvips, which adds "out of memory" in the next line
        "security limit",  # libheif: absurd counts, reported as an allocation error
        "invalid image size",  # libheif, likewise
        "out of memory reading of",  # libtiff: an absurd count in a tag
    ),
    FailureCode.OUT_OF_MEMORY: (
        "out of memory",  # libvips
        "insufficient memory",  # libjpeg
        "memory allocation",  # libheif
        "no space for",  # libtiff
        "unable to allocate",
        "cannot allocate",
        "creating thread",  # glib: no memory for another stack
    ),
    FailureCode.INTERNAL_ERROR: ("system error", "no such file"),
    FailureCode.TRUNCATED_IMAGE: (
        "premature end",  # libjpeg
        "found marker 0xd9 instead of rst",  # libjpeg: the end before the last row
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
        # libvips on complete TIFFs of 10, 12 or 14 bits, of a few bits and transparency, or of doubles
        "not a whole number of bytes",
        "not 1 bands",
        "samples out of range",
    ),
}
_DAMAGE = (FailureCode.TRUNCATED_IMAGE, FailureCode.CORRUPT_IMAGE)
# Messages of libvips and libtiff about profiles and tags, which never fail a photo.
_REMARKS = ("VipsIcc:", "tiff2vips: Defined set_get_field_type of custom tag")
_NO_REASON = "the decoder gave no reason"
_NO_MESSAGE = "its header or a chunk before the pixels is damaged or missing"  # libvips drops libpng's message
_UNPRINTABLE = re.compile(r"[^ -~]+")
_PATH = re.compile(r"\S*/\S*")
_MAX_DETAIL = 160


@contextmanager
def translate_decoder_errors(photo: Data, input_format: InputFormat) -> Iterator[None]:
    """Raise a failure code for an error of libvips.

    Wrap every place where pixels are computed: libvips is lazy, so that is where decoding fails.

    Args:
        photo: the file.
        input_format: as its header says.

    Raises:
        PermanentError: `truncated-image`, `corrupt-image`, `unsupported-format`, `out-of-memory`.
        RetryableError: `internal-error` when the disk failed, not the photo.
    """
    _take_messages()  # of a photo before this one
    try:
        yield
    except pyvips.Error as error:
        failure = classify(error.detail)
        if input_format.has_end and failure.code in _DAMAGE:
            code = FailureCode.CORRUPT_IMAGE if input_format.has_end(photo) else FailureCode.TRUNCATED_IMAGE
            failure = PermanentError(code, _NO_MESSAGE if failure.detail == _NO_REASON else failure.detail)
        raise failure from None


def raise_missing_memory() -> None:
    """Raise `out-of-memory` if libvips wrote so, although it returned pixels.

    When its tile cache cannot allocate a tile, libvips 8.18 writes a message and returns success with a black tile.

    Raises:
        PermanentError: `out-of-memory`.
    """
    for line in _take_messages().splitlines():
        failure = classify(line)
        if failure.code is FailureCode.OUT_OF_MEMORY:
            raise failure


def _take_messages() -> str:
    """Return the messages in libvips' error buffer, and clear it."""
    messages: bytes = pyvips.ffi.string(pyvips.vips_lib.vips_error_buffer())
    pyvips.vips_lib.vips_error_clear()
    return messages.decode(errors="replace")


def classify(message: str) -> DarkroomError:
    """Return the failure for a decoder's message; `corrupt-image` for unknown messages."""
    cause = "\n".join(line for line in message.splitlines() if line.strip() and not line.startswith(_REMARKS))
    lowered = cause.lower()
    matches = (code for code, signs in _MESSAGE_PARTS.items() if any(sign in lowered for sign in signs))
    code = next(matches, FailureCode.CORRUPT_IMAGE)
    kind = RetryableError if code is FailureCode.INTERNAL_ERROR else PermanentError
    return kind(code, _one_line(cause))


def _one_line(message: str) -> str:
    """Return the first line, printable and without paths."""
    first = message.partition("\n")[0] or _NO_REASON
    return _PATH.sub("...", _UNPRINTABLE.sub(" ", first)).strip()[:_MAX_DETAIL]
