"""What is in a file and whether it may be decoded: decided from the header, in pure Python, before any decoder runs."""

from collections.abc import Callable
from pathlib import Path

from processing.failures import FailureCode, PermanentError
from processing.images.formats import avif, gif, jpeg, png, tiff, webp
from processing.images.formats.image_header import Data, Header, ImageFormat, cut_off_is_truncated
from processing.images.mapped_file import map_file
from processing.settings import Limits

__all__ = ["Header", "ImageFormat", "check_limits", "check_pixels", "detect_format", "inspect_header", "read_header"]

_READERS: dict[ImageFormat, Callable[[Data], Header]] = {
    ImageFormat.JPEG: jpeg.read_header,
    ImageFormat.PNG: png.read_header,
    ImageFormat.WEBP: webp.read_header,
    ImageFormat.GIF: gif.read_header,
    ImageFormat.TIFF: tiff.read_header,
    ImageFormat.AVIF: avif.read_header,
}

# Named in the failure's detail, so that people know at once what they uploaded.
_WELL_KNOWN = (
    (b"%PDF", "a PDF"),
    (b"BM", "a BMP"),
    (b"8BPS", "a Photoshop file"),
    (b"\xff\x0a", "a JPEG XL"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000"),
    (b"PK\x03\x04", "a ZIP archive"),
)


def inspect_header(path: Path, limits: Limits) -> Header:
    """Reads what the file says of itself and holds it against the limits.

    Args:
        path: the source file.
        limits: what is refused.

    Raises:
        PermanentError: `empty-object`, `too-many-bytes`, `unsupported-format`, `too-many-pixels`, `too-many-pages`,
            `corrupt-image` or `truncated-image` when the header itself is broken.
    """
    size_bytes = path.stat().st_size
    if size_bytes == 0:
        raise PermanentError(FailureCode.EMPTY_OBJECT, "0 bytes")
    if size_bytes > limits.max_bytes:
        raise PermanentError(FailureCode.TOO_MANY_BYTES, f"{size_bytes:,} bytes, the limit is {limits.max_bytes:,}")
    with map_file(path) as data:
        header = read_header(data)
    check_limits(header, limits)
    return header


def read_header(data: Data) -> Header:
    """Format, size and pages, whatever the limits.

    Raises:
        PermanentError: `unsupported-format`, `corrupt-image`, `truncated-image`.
    """
    with cut_off_is_truncated():
        header = _READERS[detect_format(data)](data)
    if not header.pixels:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "an image without pixels")
    return header


def detect_format(data: Data) -> ImageFormat:
    """By magic bytes, never by name.

    Raises:
        PermanentError: `unsupported-format`.
    """
    start = bytes(data[:8])
    if start.startswith(jpeg.MAGIC):
        return ImageFormat.JPEG
    if start.startswith(png.MAGIC):
        return ImageFormat.PNG
    if start.startswith(gif.MAGICS):
        return ImageFormat.GIF
    if start.startswith(tiff.MAGICS):
        return ImageFormat.TIFF
    if webp.is_webp(data):
        return ImageFormat.WEBP
    if avif.is_avif(data):
        return ImageFormat.AVIF
    raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, f"looks like {_guess(data)}")


def check_limits(header: Header, limits: Limits) -> None:
    """Refuses what would be too much to decode.

    Raises:
        PermanentError: `too-many-pixels`, `too-many-pages`.
    """
    check_pixels(header.size, limits)
    if header.pages > limits.max_pages:
        raise PermanentError(FailureCode.TOO_MANY_PAGES, f"{header.pages:,} pages, the limit is {limits.max_pages:,}")


def check_pixels(size: tuple[int, int], limits: Limits) -> None:
    """Refuses what would be too much to decode; also asked of the decoder, which may see another size than the header.

    Args:
        size: width and height in pixels.
        limits: what is refused.

    Raises:
        PermanentError: `too-many-pixels`.
    """
    width, height = size
    if width * height > limits.max_pixels:
        detail = f"{width:,} x {height:,} pixels, the limit is {limits.max_pixels:,} in all"
        raise PermanentError(FailureCode.TOO_MANY_PIXELS, detail)


def _guess(data: Data) -> str:
    if any(brand.startswith((b"hei", b"hev")) for brand in avif.brands(data)):
        return "a HEIC"
    for magic, name in _WELL_KNOWN:
        if data[: len(magic)] == magic:
            return name
    return "none of the formats"
