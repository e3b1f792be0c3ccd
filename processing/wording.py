"""Formats numbers and keys for people. Keys are data: any key is shown on one line."""

import re

_MAX_STAGE_CHARACTERS = 100
# The characters by which mail programs tell a link: https://..., www....
_OF_A_LINK = re.compile(r":(?=//)|(?<=www)\.", re.IGNORECASE)
_NOT_IN_A_STAGE = re.compile(r"[^A-Za-z0-9._-]+")


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun: `1 photo`, `10,000 photos`, `2 batches`."""
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def human_bytes(number: int) -> str:
    """Return a size in units of 1,000: `1 byte`, `38.2 MB`."""
    if number < 1000:
        return count_of(number, "byte")
    size = float(number)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 999.95:  # a size that would be rounded to 1000.0 is shown in the next unit
            return f"{size:.1f} {unit}"
    return f"{size / 1000:,.1f} TB"


def printable(line: str) -> str:
    """Escape every character that could leave its line, control a terminal or turn the direction of writing."""
    return line if line.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in line)


def without_links(text: str) -> str:
    """Break up what mail programs would turn into a link: everyone who may upload chooses keys."""
    return _OF_A_LINK.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def visible(text: str, max_bytes: int) -> str:
    """Return the text on one line, with unprintable characters escaped.

    A backslash is doubled, so that an escape can be told from a key that spells one. Text that begins or ends with
    spaces, or begins with a quotation mark, gets quotation marks. So no two texts look the same.

    Args:
        text: a key or a detail with any characters.
        max_bytes: longer texts lose their middle, so that folder and file name stay.
    """
    escaped = printable(text.replace("\\", r"\\"))
    if escaped != escaped.strip() or not escaped or escaped.startswith('"'):
        escaped = f'"{escaped}"'
    return _without_middle(escaped, max_bytes)


def stage_label(stage: str) -> str:
    """Return the stage in characters that subjects and filter policies accept."""
    return _NOT_IN_A_STAGE.sub("-", stage)[:_MAX_STAGE_CHARACTERS]


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _without_middle(text: str, max_bytes: int) -> str:
    encoded = text.encode()
    if len(encoded) <= max_bytes:
        return text
    half = (max_bytes - len("…".encode())) // 2
    return f"{encoded[:half].decode(errors='ignore')}…{encoded[-half:].decode(errors='ignore')}"
