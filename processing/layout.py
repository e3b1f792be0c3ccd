"""A worker's report on a photo: notes, and the layout that a web page needs before it loads a rendition."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from processing.photo_notes import Note

_SIZE = re.compile(r"(?<![^ ])(?P<name>[^ =]+)=(?P<width>[1-9][0-9]{0,6})x(?P<height>[1-9][0-9]{0,6})(?![^ ])")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The sizes and the placeholder of a photo.

    Attributes:
        sizes: width and height of each rendition in pixels, by file name.
        thumb_hash: the ThumbHash in base64.
    """

    sizes: Mapping[str, tuple[int, int]]
    thumb_hash: str

    def to_metadata(self) -> dict[str, str]:
        """Return S3 user metadata: `large.jpg=1200x900 small.jpg=300x225`, and the ThumbHash.

        20 renditions with names of 32 characters have 1,000 bytes; S3 allows 2 KB together with the marker's.
        """
        sizes = " ".join(f"{name}={width}x{height}" for name, (width, height) in self.sizes.items())
        return {"sizes": sizes, "thumb-hash": self.thumb_hash}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "Layout":
        """Read S3 user metadata; outputs of an earlier version, and unreadable metadata, have no sizes."""
        sizes = {m["name"]: (int(m["width"]), int(m["height"])) for m in _SIZE.finditer(metadata.get("sizes", ""))}
        return cls(sizes=sizes, thumb_hash=metadata.get("thumb-hash", ""))


@dataclass(frozen=True, kw_only=True)
class PhotoReport:
    """A worker's report about a photo that it rendered.

    Attributes:
        layout: sizes and placeholder.
        notes: which harmless defects the file has.
    """

    layout: Layout
    notes: tuple[Note, ...] = ()
