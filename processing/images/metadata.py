"""Keeps artist and copyright; all other metadata is removed, GPS included."""

import re
import struct
from dataclasses import dataclass

from processing.images.formats.input_format import Data, InputFormat
from processing.images.formats.tiff_directory import DirectoryReader
from processing.images.vips import pyvips

_SOFTWARE, _ARTIST, _COPYRIGHT = 0x0131, 0x013B, 0x8298  # Exif 3.0, table 4; a directory is sorted by tag
_EXIF_PREFIX = b"Exif\0\0"
_TIFF_HEADER = b"MM\0*\0\0\0\x08"  # big-endian; the directory follows at once
_ENTRY_BYTES, _ASCII = 12, 2  # TIFF 6.0, section 2
_EXIF = "exif-data"
_PNG_COMMENT = re.compile(r"png-comment-[0-9]+-Raw profile type (?:exif|APP1)")
_MAX_HEXADECIMAL = 1024 * 1024
_MAX_BYTES = 2000  # of each field, because every rendition stores a copy


@dataclass(frozen=True)
class Rights:
    """Artist and copyright holder, as bytes: EXIF requires ASCII, but files contain UTF-8."""

    artist: bytes = b""
    copyright: bytes = b""


def read_rights(photo: Data, input_format: InputFormat, image: pyvips.Image) -> Rights:
    """Read artist and copyright from a TIFF's directory or libvips' EXIF block.

    Args:
        photo: the file.
        input_format: as its header says.
        image: the opened photo.
    """
    if input_format.is_tiff:
        return parse_rights(photo)
    return parse_rights(read_exif(image))


def read_exif(image: pyvips.Image) -> bytes:
    """Return the EXIF block of an opened photo without its prefix; empty without one."""
    if image.get_typeof(_EXIF):
        return bytes(image.get(_EXIF)).removeprefix(_EXIF_PREFIX)
    # ImageMagick's PNGs from before the chunk eXIf was defined: name, size and hexadecimal digits, as a comment.
    for field in image.get_fields():
        if _PNG_COMMENT.fullmatch(field):
            return _from_hexadecimal(str(image.get(field)[:_MAX_HEXADECIMAL]))
    return b""


def _from_hexadecimal(comment: str) -> bytes:
    _, _, digits = comment.strip().partition("\n")
    try:
        return bytes.fromhex(digits.strip().partition("\n")[2]).removeprefix(_EXIF_PREFIX)
    except ValueError:
        return b""


def parse_rights(block: Data) -> Rights:
    """Parse a TIFF structure; return empty rights for invalid metadata."""
    try:
        reader = DirectoryReader(block)
        directory = reader.read(next(reader.starts()))
    except (struct.error, OverflowError, StopIteration):
        return Rights()
    return Rights(*(directory.text(tag)[:_MAX_BYTES] for tag in (_ARTIST, _COPYRIGHT)))


def exif_block(rights: Rights, software: bytes = b"") -> bytes:
    """Build an EXIF block of the rights and the field Software; empty if there are none.

    Pillow's would load a module when it is first needed, which a worker in its sandbox cannot.
    """
    texts = ((_SOFTWARE, software), (_ARTIST, rights.artist), (_COPYRIGHT, rights.copyright))
    fields = [(tag, text + b"\0") for tag, text in texts if text]
    if not fields:
        return b""
    values_start = len(_TIFF_HEADER) + 2 + _ENTRY_BYTES * len(fields) + 4
    entries, values = struct.pack(">H", len(fields)), b""
    for tag, text in fields:
        # Up to four bytes are stored in the entry itself; others start at even positions.
        place = text.ljust(4, b"\0") if len(text) <= 4 else struct.pack(">I", values_start + len(values))
        entries += struct.pack(">HHI", tag, _ASCII, len(text)) + place
        if len(text) > 4:
            values += text + b"\0" * (len(text) % 2)
    return _EXIF_PREFIX + _TIFF_HEADER + entries + bytes(4) + values
