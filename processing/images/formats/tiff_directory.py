"""Image file directories: the structure of a TIFF and of every EXIF block. Facts from TIFF 6.0 and BigTIFF."""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import calcsize, unpack_from
from typing import Any

from processing.images.formats.input_format import MAX_PARTS, Data

_LETTERS = {1: "B", 2: "s", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}  # struct's letter by field type


@dataclass(frozen=True)
class Field:
    """The position of a field's values, their number and their struct letter."""

    letter: str
    count: int
    position: int


@dataclass(frozen=True)
class Directory:
    """The fields of one image file directory.

    Attributes:
        data: of the whole structure.
        order: struct's byte order.
        fields: by tag.
    """

    data: Data
    order: str
    fields: dict[int, Field]

    def number(self, tag: int, default: int) -> int:
        """Return the first value of an integer field."""
        field = self.fields.get(tag)
        if field is None or field.letter == "s" or not field.count:
            return default
        return int(unpack_from(self.order + field.letter, self.data, field.position)[0])

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Return all values of an integer field, at most `MAX_PARTS`.

        Raises:
            struct.error: the file ends inside them.
        """
        field = self.fields.get(tag)
        if field is None or field.letter == "s":
            return ()
        letters = f"{self.order}{min(field.count, MAX_PARTS)}{field.letter}"
        return tuple(int(value) for value in unpack_from(letters, self.data, field.position))

    def text(self, tag: int) -> bytes:
        """Return an ASCII field (often in another encoding), empty if absent."""
        field = self.fields.get(tag)
        if field is None or field.letter != "s":
            return b""
        return bytes(self.data[field.position : field.position + field.count]).rstrip(b"\0")


class DirectoryReader:
    """Reads the directories of a TIFF structure, in its byte order and offset size."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._order = "<" if data[:2] == b"II" else ">"
        is_big = self._unpack("H", 2)[0] == 43
        self._count, self._offset = ("Q", "Q") if is_big else ("H", "I")
        self._entry_bytes = 20 if is_big else 12
        self._first_link = 8 if is_big else 4

    def _unpack(self, letters: str, position: int) -> tuple[Any, ...]:
        return unpack_from(self._order + letters, self._data, position)

    def starts(self) -> Iterator[int]:
        """Yield where the directories begin, until a zero, a loop or `MAX_PARTS`."""
        link = self._first_link
        seen: set[int] = set()
        while len(seen) < MAX_PARTS:
            start = self._unpack(self._offset, link)[0]
            if start == 0 or start in seen:
                return
            seen.add(start)
            yield start
            link = start + calcsize("=" + self._count) + self._unpack(self._count, start)[0] * self._entry_bytes

    def read(self, start: int) -> Directory:
        """Read the directory at a position, without fields of rare types."""
        fields: dict[int, Field] = {}
        position = start + calcsize("=" + self._count)
        for _ in range(min(self._unpack(self._count, start)[0], MAX_PARTS)):
            tag, kind, values = self._unpack("HH" + self._offset, position)
            if kind in _LETTERS:
                fields[tag] = self._locate(_LETTERS[kind], values, position + 4 + calcsize("=" + self._offset))
            position += self._entry_bytes
        return Directory(self._data, self._order, fields)

    def _locate(self, letter: str, count: int, position: int) -> Field:
        if count * calcsize("=" + letter) > calcsize("=" + self._offset):
            position = self._unpack(self._offset, position)[0]
        return Field(letter, count, position)
