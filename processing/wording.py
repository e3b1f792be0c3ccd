"""Numbers and keys as people read them. Keys are data: whatever is in one, it stays on its line."""

import re

_MAX_STAGE_CHARACTERS = 100
_NOT_IN_A_STAGE = re.compile(r"[^A-Za-z0-9._-]+")
_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}


def count_of(number: int, noun: str) -> str:
    """`1 photo`, `2 photos`, `10,000 photos`, `2 batches`."""
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def human_bytes(number: int) -> str:
    """`1 byte`, `999 bytes`, `38.2 MB`: units of a thousand, as the files' owners see them in their own tools."""
    if number < 1000:
        return count_of(number, "byte")
    size = float(number)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 999.95:  # what would be rounded to 1000.0 belongs to the next unit
            return f"{size:.1f} {unit}"
    return f"{size / 1000:,.1f} TB"


def visible(text: str, max_bytes: int) -> str:
    """The text on one line, with everything that does not print shown as an escape: `\\n`, `\\u202e`.

    A backslash is doubled, so that an escape can be told from a key that spells one. Spaces at either end are
    shown by quotation marks, which a key that begins with one therefore gets too: no two texts look the same.

    Args:
        text: a key or a detail, any characters at all.
        max_bytes: longer ones lose their middle, so that folder and file name stay.
    """
    escaped = "".join(map(_visible_character, text))
    if escaped != escaped.strip() or not escaped or escaped.startswith('"'):
        escaped = f'"{escaped}"'
    return _without_middle(escaped, max_bytes)


def stage_label(stage: str) -> str:
    """The stage in characters that subjects, text messages and filter policies all take; it is how it was, usually."""
    return _NOT_IN_A_STAGE.sub("-", stage)[:_MAX_STAGE_CHARACTERS]


def _visible_character(character: str) -> str:
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    if character.isprintable():
        return character
    return f"\\x{ord(character):02x}" if ord(character) < 256 else _unicode_escape(ord(character))


def _unicode_escape(code_point: int) -> str:
    return f"\\u{code_point:04x}" if code_point < 0x10000 else f"\\U{code_point:08x}"


def _without_middle(text: str, max_bytes: int) -> str:
    encoded = text.encode()
    if len(encoded) <= max_bytes:
        return text
    half = (max_bytes - len("…".encode())) // 2
    return f"{encoded[:half].decode(errors='ignore')}…{encoded[-half:].decode(errors='ignore')}"
