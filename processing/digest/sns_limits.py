"""What Amazon SNS accepts, and how many records fit into it.

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

# SNS takes the characters of XML 1.0. The control characters among the others are escaped by JSON itself.
_NOT_ALLOWED = re.compile("[\ud800-\udfff\ufffe\uffff]+")
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def encode_json(value: object) -> str:
    """Compact JSON that SNS accepts and UTF-8 can carry, whatever is in it; `json.loads` gives back the same value.

    Characters stay as they are where they may: `\\ud83d\\ude00` takes three times the bytes of the emoji it stands for.
    """
    return _NOT_ALLOWED.sub(lambda found: found[0].encode("ascii", "backslashreplace").decode(), _JSON.encode(value))


def message_bytes(subject: str, message: str, attributes: Mapping[str, Mapping[str, str]]) -> int:
    """What SNS holds against its limit, in bytes of UTF-8; the subject is counted too, to be on the safe side."""
    parts = [subject, message]
    for name, attribute in attributes.items():
        parts += [name, *attribute.values()]
    return sum(len(part.encode()) for part in parts)


def embedded_bytes(json_text: str) -> int:
    """How many bytes a piece of JSON takes inside a JSON string, where each quote and backslash is escaped again."""
    return len(json_text.encode()) + json_text.count('"') + json_text.count("\\")


def most_that_fit(ranks: Sequence[int], costs: Sequence[int], budget: int) -> list[int]:
    """Which items to keep: a lower rank goes before a higher one; within a rank the cheap go first, so most are kept.

    Args:
        ranks: importance of each item, 0 first.
        costs: size of each item, in the unit of `budget`.
        budget: what all kept items may cost together.

    Returns:
        The positions kept, by rank and then in the order given.
    """
    order = sorted(range(len(costs)), key=lambda position: (ranks[position], costs[position], position))
    spent = list(accumulate(costs[position] for position in order))
    kept = order[: bisect_right(spent, budget)]
    return sorted(kept, key=lambda position: (ranks[position], position))


def fair_shares(sizes: Sequence[int], total: int) -> list[int]:
    """Divides `total` places among groups: nobody gets more than they have members, what is left goes to the large."""
    shares = [0] * len(sizes)
    order = sorted(range(len(sizes)), key=lambda position: sizes[position])
    for taken, position in enumerate(order):
        shares[position] = min(sizes[position], (total - sum(shares)) // (len(sizes) - taken))
    return shares
