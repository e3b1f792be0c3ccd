"""A processed photo of the contact sheet and its output files."""

from collections.abc import Iterable
from dataclasses import dataclass

from processing.output_keys import DOCUMENT_NAME
from processing.wording import human_bytes
from scripts.cli.output import key_text


@dataclass(frozen=True, kw_only=True)
class OutputFile:
    """A rendition or the PDF.

    Attributes:
        name: `small.jpg`.
        size_bytes: of the file or object.
        width: in pixels; 0 for the PDF, and for an unknown shape.
        height: in pixels; likewise.
    """

    name: str
    size_bytes: int
    width: int = 0
    height: int = 0

    @property
    def shape(self) -> str:
        return f"{self.width} × {self.height} px" if self.width else ""  # noqa: RUF001 (for people)

    @property
    def size(self) -> str:
        return human_bytes(self.size_bytes)

    @property
    def caption(self) -> str:
        return ", ".join(filter(None, (self.shape, self.size)))


@dataclass(frozen=True, kw_only=True)
class SheetPhoto:
    """A processed photo.

    Attributes:
        key: the source key.
        size_bytes: of the source; 0 if unknown, because it was deleted.
        renditions: from the smallest to the largest; at least one.
        document: the PDF.
    """

    key: str
    size_bytes: int
    renditions: tuple[OutputFile, ...]
    document: OutputFile | None

    @classmethod
    def of(cls, key: str, size_bytes: int, files: Iterable[OutputFile]) -> "SheetPhoto | None":
        """Make a photo of its output files, listed from the smallest rendition; return None without a rendition."""
        listed = list(files)
        renditions = sorted((f for f in listed if f.name != DOCUMENT_NAME), key=lambda f: f.width * f.height)
        if not renditions:
            return None
        document = next((file for file in listed if file.name == DOCUMENT_NAME), None)
        return cls(key=key, size_bytes=size_bytes, renditions=tuple(renditions), document=document)

    @property
    def files(self) -> tuple[OutputFile, ...]:
        return (*self.renditions, self.document) if self.document else self.renditions

    @property
    def label(self) -> str:
        """Return the whole key on one line."""
        return key_text(self.key)

    @property
    def name(self) -> str:
        """Return the key's last part on one line."""
        return key_text(self.key.rpartition("/")[2])

    @property
    def folder(self) -> str:
        return self.key.rpartition("/")[0]

    @property
    def sizes(self) -> str:
        """Return the bytes of the source and of its largest rendition."""
        largest = self.renditions[-1].size
        return f"{human_bytes(self.size_bytes)} → {largest}" if self.size_bytes else largest
