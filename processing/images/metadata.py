"""Keeps artist and copyright; all other metadata is removed, GPS included."""

import struct
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from processing.images.formats.input_format import Data, InputFormat
from processing.images.formats.tiff_directory import DirectoryReader
from processing.images.mapped_file import map_file
from processing.images.vips import pyvips

_ARTIST, _COPYRIGHT = 0x013B, 0x8298  # Exif 3.0, table 4
_EXIF_PREFIX = b"Exif\0\0"
_EXIF = "exif-data"
_MAX_BYTES = 2000  # of each field, because every rendition stores a copy


@dataclass(frozen=True)
class Rights:
    """Artist and copyright holder, as bytes: EXIF requires ASCII, but files contain UTF-8."""

    artist: bytes = b""
    copyright: bytes = b""


def read_rights(source: Path, input_format: InputFormat, image: pyvips.Image) -> Rights:
    """Read artist and copyright from a TIFF's directory or libvips' EXIF block.

    Args:
        source: the file.
        input_format: as its header says.
        image: the opened photo.
    """
    if input_format.is_tiff:
        with map_file(source) as data:
            return parse_rights(data)
    if image.get_typeof(_EXIF) == 0:
        return Rights()
    return parse_rights(bytes(image.get(_EXIF)).removeprefix(_EXIF_PREFIX))


def parse_rights(block: Data) -> Rights:
    """Parse a TIFF structure; return empty rights for invalid metadata."""
    try:
        reader = DirectoryReader(block)
        directory = reader.read(next(reader.starts()))
    except (struct.error, OverflowError, StopIteration):
        return Rights()
    return Rights(*(directory.text(tag)[:_MAX_BYTES] for tag in (_ARTIST, _COPYRIGHT)))


def exif_block(rights: Rights) -> bytes:
    """Build an EXIF block of the rights alone, or an empty one."""
    exif = Image.Exif()
    for tag, value in ((_ARTIST, rights.artist), (_COPYRIGHT, rights.copyright)):
        if value:
            exif[tag] = value
    return exif.tobytes() if len(exif) else b""
