"""The limits of Amazon SNS, and how many records fit into them.

Facts: Amazon SNS API reference, Publish (`Subject`, `Message`, `MessageStructure`) and MessageAttributeValue.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate

MAX_SUBJECT_CHARACTERS = 99  # "less than 100 characters", ASCII, no line breaks
MAX_SMS_BYTES = 140  # one part; SNS sends more parts, and bills them, when a text is longer
MAX_MESSAGE_BYTES = 262_144  # UTF-8, together with every attribute's name, type and value

# SNS accepts the characters of XML 1.0. JSON escapes the control characters; these are the others.
_NOT_ALLOWED = re.compile("[\ud800-\udfff\ufffe\uffff]+")
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def encode_json(value: object) -> str:
    """Encode any value as compact JSON that SNS accepts and `json.loads` restores."""
    # Characters that SNS accepts stay unescaped, because an escaped emoji takes three times its bytes.
    return _NOT_ALLOWED.sub(lambda found: found[0].encode("ascii", "backslashreplace").decode(), _JSON.encode(value))


def message_bytes(subject: str, message: str, attributes: Mapping[str, Mapping[str, str]]) -> int:
    """Return the size that SNS limits, plus the subject's to be safe."""
    parts = [subject, message]
    for name, attribute in attributes.items():
        parts += [name, *attribute.values()]
    return sum(len(part.encode()) for part in parts)


def embedded_bytes(json_text: str) -> int:
    """Return the size of JSON that is escaped again in a string."""
    return len(json_text.encode()) + json_text.count('"') + json_text.count("\\")


def most_that_fit(ranks: Sequence[int], sizes: Sequence[int], max_size: int) -> list[int]:
    """Choose items by rank, lowest first, then by size, that together have at most `max_size`.

    Returns:
        The chosen positions, by rank and then in the order given.
    """
    order = sorted(range(len(sizes)), key=lambda position: (ranks[position], sizes[position], position))
    sums = list(accumulate(sizes[position] for position in order))
    kept = order[: bisect_right(sums, max_size)]
    return sorted(kept, key=lambda position: (ranks[position], position))


def fair_shares(sizes: Sequence[int], total: int) -> list[int]:
    """Split `total` list entries evenly; larger groups get the unused entries of smaller ones."""
    shares = [0] * len(sizes)
    order = sorted(range(len(sizes)), key=lambda position: sizes[position])
    for taken, position in enumerate(order):
        shares[position] = min(sizes[position], (total - sum(shares)) // (len(sizes) - taken))
    return shares
