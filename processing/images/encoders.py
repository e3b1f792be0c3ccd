"""Encodes renditions, and the JPEG of the PDF. To add a format, see also `output_formats`.

JPEG and WebP with Pillow: its libjpeg-turbo takes three quarters of the time of libvips' mozjpeg (7.9 against 10.3 ms
for 1200 x 900), its libwebp five sixths. AVIF with libvips: the layer has no other encoder for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from io import SEEK_END, BytesIO, FileIO

from PIL import Image

from processing.images.metadata import Rights, exif_block
from processing.images.pixels import Picture
from processing.images.rendered import RenderedFile
from processing.images.vips import pyvips
from processing.output_formats import AVIF, JPEG, WEBP
from processing.renditions import Rendition
from processing.settings import DEFAULT_AVIF_EFFORT

# libwebp's own default. Method 2 takes half the time, for files that are 6 % larger and have 0.002 less SSIM.
_WEBP_METHOD = 4


@dataclass(frozen=True)
class Tags:
    """Data that every rendition carries.

    Attributes:
        rights: artist and copyright, stored as EXIF.
        mark: tells versions of one photo apart, empty for none; a comment where the format has one, else EXIF.
    """

    rights: Rights = field(default_factory=Rights)
    mark: str = ""

    @property
    def exif(self) -> bytes:
        """Return the EXIF block of a format with comments; empty for none."""
        return exif_block(self.rights)

    @property
    def marked_exif(self) -> bytes:
        """Return the EXIF block of a format without comments; empty for none."""
        return exif_block(self.rights, self.mark.encode())


@dataclass(frozen=True)
class Encoding:
    """The parameters of an encoder.

    Attributes:
        quality: 1 to 100.
        tags: see `Tags`.
        avif_effort: see `RenderSettings`.
    """

    quality: int
    tags: Tags = field(default_factory=Tags)
    avif_effort: int = DEFAULT_AVIF_EFFORT


# Encodes a picture. The same input must give the same bytes.
Encoder = Callable[[Picture, FileIO | BytesIO, Encoding], None]


def _encode_jpeg(picture: Picture, file: FileIO | BytesIO, encoding: Encoding) -> None:
    tags = encoding.tags
    _image(picture).save(
        file, "JPEG", quality=encoding.quality, optimize=True, subsampling="4:2:0", exif=tags.exif, comment=tags.mark
    )


def _encode_webp(picture: Picture, file: FileIO | BytesIO, encoding: Encoding) -> None:
    encoded = BytesIO()
    _image(picture).save(encoded, "WEBP", quality=encoding.quality, method=_WEBP_METHOD, exif=encoding.tags.marked_exif)
    _write(file, encoded.getbuffer())


def _encode_avif(picture: Picture, file: FileIO | BytesIO, encoding: Encoding) -> None:
    image = picture.image().copy(interpretation="srgb")
    exif = encoding.tags.marked_exif
    if exif:
        image.set_type(pyvips.GValue.blob_type, "exif-data", exif)
    options = {"compression": "av1", "Q": encoding.quality, "effort": encoding.avif_effort}
    _write(file, memoryview(image.heifsave_buffer(**options, keep="exif" if exif else "none")))


ENCODERS: dict[str, Encoder] = {JPEG: _encode_jpeg, WEBP: _encode_webp, AVIF: _encode_avif}


def write_rendition(picture: Picture, file: FileIO, rendition: Rendition, encoding: Encoding) -> RenderedFile:
    """Encode a picture of the rendition's size.

    Args:
        picture: the picture.
        file: an empty file without a buffer: Pillow writes to its descriptor, of which a buffer would know nothing.
        rendition: format and file name.
        encoding: see `Encoding`.
    """
    ENCODERS[rendition.format](picture, file, encoding)
    width, height = picture.size
    return RenderedFile(name=rendition.file_name, width_px=width, height_px=height, size_bytes=file.seek(0, SEEK_END))


def jpeg_for_pdf(picture: Picture, quality: int, tags: Tags) -> bytes:
    """Encode the JPEG of a page of the PDF for which no rendition has one."""
    file = BytesIO()
    _encode_jpeg(picture, file, Encoding(quality, tags))
    return file.getvalue()


def _image(picture: Picture) -> Image.Image:
    return Image.frombytes("RGB", picture.size, picture.pixels)


def _write(file: FileIO | BytesIO, data: memoryview) -> None:
    while data:  # without a buffer, a disk that becomes full ends a write early
        data = data[file.write(data) :]
