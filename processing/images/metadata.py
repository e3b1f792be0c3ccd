"""Artist and copyright: the only metadata that survive. GPS above all must not."""

import struct
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from processing.images.formats import tiff
from processing.images.formats.image_header import Data, ImageFormat
from processing.images.mapped_file import map_file
from processing.images.vips import pyvips

_ARTIST, _COPYRIGHT = 0x013B, 0x8298  # Exif 3.0, table 4
_EXIF_PREFIX = b"Exif\0\0"
_EXIF = "exif-data"
_MAX_BYTES = 2000  # each; they are repeated in every rendition


@dataclass(frozen=True)
class Rights:
    """Who made the photo and who owns it, as bytes: EXIF says ASCII, people write UTF-8."""

    artist: bytes = b""
    copyright: bytes = b""


def read_rights(source: Path, image_format: ImageFormat, image: pyvips.Image) -> Rights:
    """Finds artist and copyright, in a TIFF's own directory or in the EXIF block that libvips passes on.

    Args:
        source: the file.
        image_format: as its header says.
        image: the opened photo.
    """
    if image_format is ImageFormat.TIFF:
        with map_file(source) as data:
            return parse_rights(data)
    if image.get_typeof(_EXIF) == 0:
        return Rights()
    return parse_rights(bytes(image.get(_EXIF)).removeprefix(_EXIF_PREFIX))


def parse_rights(block: Data) -> Rights:
    """Reads a TIFF structure; what is broken reads as empty, since a photo is worth more than its metadata."""
    try:
        layout = tiff.read_layout(block)
        directory = tiff.read_directory(block, layout, next(tiff.directory_starts(block, layout)))
    except (struct.error, OverflowError, StopIteration):
        return Rights()
    return Rights(*(tiff.text(block, directory, tag)[:_MAX_BYTES] for tag in (_ARTIST, _COPYRIGHT)))


def exif_block(rights: Rights) -> bytes:
    """A fresh EXIF block with nothing but the rights; empty if there are none."""
    exif = Image.Exif()
    for tag, value in ((_ARTIST, rights.artist), (_COPYRIGHT, rights.copyright)):
        if value:
            exif[tag] = value
    return exif.tobytes() if len(exif) else b""
