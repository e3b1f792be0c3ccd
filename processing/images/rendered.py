"""The result of rendering one photo. Imports no image library, because the function's process only reads it."""

from dataclasses import dataclass

from processing.photo_notes import Note


@dataclass(frozen=True, kw_only=True)
class RenderedFile:
    """An output.

    Attributes:
        name: the file's name in the folder, and the last part of its output key: `large.jpg`, `document.pdf`.
        width_px: of the picture in it.
        height_px: of the picture in it.
        size_bytes: of the file.
    """

    name: str
    width_px: int
    height_px: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """All outputs of one photo.

    Attributes:
        source_format: the name of an `InputFormat`, such as `jpeg`.
        source_width_px: as stored, before any orientation.
        source_height_px: as stored, before any orientation.
        files: the renditions in the order of the settings, then the PDF.
        thumb_hash: a placeholder of the photo, see `thumb_hash`.
        notes: which harmless defects the file has.
    """

    source_format: str
    source_width_px: int
    source_height_px: int
    files: tuple[RenderedFile, ...]
    thumb_hash: bytes
    notes: tuple[Note, ...] = ()
