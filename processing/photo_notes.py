"""Notes on photos that came out although their file is not quite as it should be."""

from enum import StrEnum


class Note(StrEnum):
    """The notes. In logs and digests, a processed photo's detail is their sentences."""

    sentence: str

    def __new__(cls, name: str, *sentence: str) -> "Note":
        member = str.__new__(cls, name)
        member._value_ = name
        (member.sentence,) = sentence
        return member

    BYTES_AFTER_END = "bytes-after-end", "bytes after the end of the picture were left out"
    STRAY_BYTES = "stray-bytes", "stray bytes between the segments of the file were left out"


def describe(notes: tuple[Note, ...]) -> str:
    """Return the notes as one line for people; empty without any."""
    return "; ".join(note.sentence for note in notes)
