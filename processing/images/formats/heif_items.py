"""The items of a HEIF: pictures, tiles, EXIF blocks, and what relates them. Facts from ISO/IEC 23008-12 and 14496-12.

Only positions are kept; lists are read when they are needed. So a file of absurd counts costs little time and memory.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from struct import unpack_from

from processing.failures import FailureCode, PermanentError
from processing.images.formats.input_format import MAX_PARTS, Data
from processing.images.formats.iso_boxes import VERSION_AND_FLAGS, all_boxes, boxes

Span = tuple[int, int]  # where something starts and ends in the file

_LARGE_INDEX = 1  # a flag of ipma
_IN_FILE, _IN_IDAT = 0, 1  # construction methods of iloc
_MAX_REFERENCES = 16  # of an auxiliary picture or an EXIF block to pictures


@dataclass(frozen=True)
class Property:
    """A property of an item: its box, and whether a reader that does not know it must not show the item."""

    name: bytes
    start: int
    end: int
    is_essential: bool


@dataclass(frozen=True)
class _List:
    """A list of numbers: position, count, struct's letter."""

    position: int
    count: int
    letter: str


@dataclass
class Items:
    """The items of the file's meta box.

    Attributes:
        data: the file.
        primary: the id of the picture to show.
        kinds: the type of each item by id: hvc1, grid, Exif ...
    """

    data: Data
    primary: int = 0
    kinds: dict[int, bytes] = field(default_factory=dict)
    _extents: dict[int, tuple[Span, ...]] = field(default_factory=dict)
    _properties: list[tuple[bytes, int, int]] = field(default_factory=list)
    _associations: dict[int, _List] = field(default_factory=dict)
    _references: dict[tuple[bytes, int], _List] = field(default_factory=dict)

    @classmethod
    def read(cls, data: Data) -> "Items":
        """Read the meta box.

        Raises:
            PermanentError: `unsupported-format` without one, `corrupt-image` for counts beyond reason.
            struct.error, IndexError: the file ends inside it.
        """
        start, end = next(boxes(data, b"meta", 0, len(data)), (0, 0))
        if not end:
            raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, "a HEIF without a still picture, such as a video")
        items = cls(data)
        children: dict[bytes, Span] = {}
        for name, child_start, child_end in all_boxes(data, start + VERSION_AND_FLAGS, end):
            children.setdefault(name, (child_start, child_end))
        for name, read in (
            (b"pitm", items._read_primary),
            (b"iinf", items._read_kinds),
            (b"iref", items._read_references),
            (b"iprp", items._read_properties),
        ):
            if name in children:
                read(*children[name])
        if b"iloc" in children:
            items._read_extents(children[b"iloc"][0], children.get(b"idat", (0, 0)))
        return items

    def spans(self, item: int) -> tuple[Span, ...]:
        """Return where the data of an item are.

        Raises:
            IndexError: beyond the file's end.
            PermanentError: `corrupt-image` for more bytes than the file has.
        """
        spans = self._extents.get(item, ())
        if any(end > len(self.data) for _, end in spans):
            raise IndexError(item)
        refuse_overlaps(spans, len(self.data))
        return spans

    def content(self, item: int) -> bytes:
        """Return the data of an item."""
        return b"".join(bytes(self.data[start:end]) for start, end in self.spans(item))

    def properties(self, item: int) -> Iterator[Property]:
        """Yield the properties of an item in the order in which they apply."""
        entry = self._associations.get(item)
        if entry is None:
            return
        essential = 0x8000 if entry.letter == "H" else 0x80
        for value in unpack_from(f">{entry.count}{entry.letter}", self.data, entry.position):
            index = value & (essential - 1)
            if 0 < index <= len(self._properties):
                name, start, end = self._properties[index - 1]
                yield Property(name, start, end, bool(value & essential))

    def references(self, kind: bytes, item: int) -> tuple[int, ...]:
        """Return the items that an item refers to, such as the tiles of a grid (`dimg`)."""
        entry = self._references.get((kind, item))
        return unpack_from(f">{entry.count}{entry.letter}", self.data, entry.position) if entry else ()

    def referring_to(self, kind: bytes, item: int) -> Iterator[int]:
        """Yield the items that refer to an item, such as its EXIF blocks (`cdsc`)."""
        for (name, source), entry in self._references.items():
            count = min(entry.count, _MAX_REFERENCES)
            if name == kind and item in unpack_from(f">{count}{entry.letter}", self.data, entry.position):
                yield source

    def _read_primary(self, start: int, _: int) -> None:
        letter = "I" if self.data[start] else "H"
        self.primary = unpack_from(">" + letter, self.data, start + VERSION_AND_FLAGS)[0]

    def _read_kinds(self, start: int, end: int) -> None:
        first = start + VERSION_AND_FLAGS + (4 if self.data[start] else 2)
        for entry, _ in boxes(self.data, b"infe", first, end):
            version = self.data[entry]
            if version in (2, 3):
                letters = ">I2x4s" if version == 3 else ">H2x4s"
                item, kind = unpack_from(letters, self.data, entry + VERSION_AND_FLAGS)
                self.kinds[item] = kind

    def _read_references(self, start: int, end: int) -> None:
        letter, size = ("I", 4) if self.data[start] else ("H", 2)
        for kind, entry, _ in all_boxes(self.data, start + VERSION_AND_FLAGS, end):
            item, count = unpack_from(f">{letter}H", self.data, entry)
            self._references.setdefault((kind, item), _List(entry + size + 2, count, letter))

    def _read_properties(self, start: int, end: int) -> None:
        for container in boxes(self.data, b"ipco", start, end):
            self._properties += all_boxes(self.data, *container)
        for entry, _ in boxes(self.data, b"ipma", start, end):
            self._read_associations(entry)

    def _read_associations(self, start: int) -> None:
        letter, size = ("I", 4) if self.data[start] else ("H", 2)
        kind, width = ("H", 2) if self.data[start + 3] & _LARGE_INDEX else ("B", 1)
        position = start + VERSION_AND_FLAGS + 4
        for _ in range(_count(unpack_from(">I", self.data, position - 4)[0])):
            item, count = unpack_from(f">{letter}B", self.data, position)
            self._associations.setdefault(item, _List(position + size + 1, count, kind))
            position += size + 1 + count * width

    def _read_extents(self, start: int, idat: Span) -> None:
        reader = _Numbers(self.data, start)
        version = reader.take(1)
        reader.take(3)
        sizes = reader.take(2)
        offset_bytes, length_bytes, base_bytes, index_bytes = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
        id_bytes = 4 if version == 2 else 2
        extents = 0
        for _ in range(_count(reader.take(id_bytes))):
            item = reader.take(id_bytes)
            method = reader.take(2) & 15 if version else _IN_FILE
            reader.take(2)  # another file
            base, number = reader.take(base_bytes), reader.take(2)
            extents = _count(extents + number)
            spans = []
            for _ in range(number):
                reader.take(index_bytes if version else 0)
                offset, length = reader.take(offset_bytes), reader.take(length_bytes)
                spans.append(_span(base + offset, length, method, idat, len(self.data)))
            self._extents.setdefault(item, tuple(spans))


class _Numbers:
    """Reads unsigned numbers of any size, one after the other."""

    def __init__(self, data: Data, position: int) -> None:
        self._data = data
        self._position = position

    def take(self, size: int) -> int:
        end = self._position + size
        if end > len(self._data):
            raise IndexError(end)
        number = int.from_bytes(self._data[self._position : end], "big")
        self._position = end
        return number


def _span(offset: int, length: int, method: int, idat: Span, file_bytes: int) -> Span:
    if method not in (_IN_FILE, _IN_IDAT):
        return (file_bytes + 1, file_bytes + 1)  # made of other items; no camera writes it
    start = offset + (idat[0] if method == _IN_IDAT else 0)
    end = idat[1] if method == _IN_IDAT else file_bytes
    return (start, start + length if length else max(start, end))


def refuse_overlaps(spans: Iterable[Span], file_bytes: int) -> None:
    """Refuse spans that are longer together than the file: a few bytes used many times.

    Raises:
        PermanentError: `corrupt-image`.
    """
    if sum(end - start for start, end in spans) > file_bytes:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "a HEIC whose items overlap")


def _count(number: int) -> int:
    if number > MAX_PARTS:
        raise PermanentError(FailureCode.CORRUPT_IMAGE, "a HEIF of far too many items")
    return int(number)
