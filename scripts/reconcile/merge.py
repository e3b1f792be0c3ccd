"""Joins two sorted listings, sources and outputs, without holding either of them.

Sorted keys are not sorted sources. `a` comes before `a!`, but `a!/large.jpg` comes before `a/large.jpg`; and the
outputs of `a/b.jpg` lie between those of `a`. So both streams are brought into one order in which every source comes
after all sources below it, as if a folder closed after its content: that of `key + "/" + 0xFF`, a byte that UTF-8 does
not have. What must be held back for that are the beginnings of the current key, at most a few hundred.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from processing.output_formats import RENDITION_FORMATS
from processing.output_keys import DOCUMENT_NAME
from scripts.reconcile.listing import Listed

_SLASH = ord("/")
# What Darkroom may have written with these or earlier settings.
_SUFFIXES = "|".join(re.escape(output.suffix) for output in RENDITION_FORMATS.values())
_OUTPUT_NAME = re.compile(rf"[a-z0-9][a-z0-9-]*(?:{_SUFFIXES})|{re.escape(DOCUMENT_NAME)}")


@dataclass
class OutputSet:
    """The outputs of one source.

    Attributes:
        source_key: whose they are.
        names: what is there, such as `large.jpg`.
        committed: when the commit marker was stored, seconds since 1970; None when there is none.
    """

    source_key: str
    names: set[str] = field(default_factory=set)
    committed: float | None = None


class Pair(NamedTuple):
    """A source and its outputs; one of them may be missing."""

    source: Listed | None
    outputs: OutputSet | None

    @property
    def key(self) -> str:
        """The source's key, whether it is there or not."""
        if self.source is not None:
            return self.source.key
        return self.outputs.source_key if self.outputs is not None else ""


def join(sources: Iterable[Listed], outputs: Iterable[OutputSet]) -> Iterator[Pair]:
    """Pairs two streams that are in source order."""
    left, right = iter(sources), iter(outputs)
    source, found = next(left, None), next(right, None)
    while source is not None or found is not None:
        if found is None or (source is not None and _order(source.key) < _order(found.source_key)):
            yield Pair(source, None)
            source = next(left, None)
        elif source is None or source.key != found.source_key:
            yield Pair(None, found)
            found = next(right, None)
        else:
            yield Pair(source, found)
            source, found = next(left, None), next(right, None)


def sources_in_order(listing: Iterable[Listed]) -> Iterator[Listed]:
    """Brings the input bucket's listing into source order; folder markers, which hold no photo, are left out."""
    held: list[tuple[bytes, Listed]] = []
    for item in listing:
        key = item.key.encode()
        while held and not _comes_before(key, held[-1][0]):
            yield held.pop()[1]
        if not (item.key.endswith("/") and item.size_bytes == 0):
            held.append((key, item))
    while held:
        yield held.pop()[1]


def outputs_in_order(listing: Iterable[Listed], on_foreign: Callable[[str], None]) -> Iterator[OutputSet]:
    """Gathers the output bucket's listing into sets, in source order.

    Args:
        listing: in key order.
        on_foreign: hears the keys that are no outputs of Darkroom's.
    """
    held: list[OutputSet] = []
    for item in listing:
        source_key, slash, name = item.key.rpartition("/")
        while held and not item.key.startswith(held[-1].source_key + "/"):
            yield held.pop()
        if not slash or not source_key or not _OUTPUT_NAME.fullmatch(name):
            on_foreign(item.key)
            continue
        if not held or held[-1].source_key != source_key:
            held.append(OutputSet(source_key))
        held[-1].names.add(name)
        if name == DOCUMENT_NAME:
            held[-1].committed = item.modified
    while held:
        yield held.pop()


def _order(key: str) -> bytes:
    return key.encode() + b"/\xff"


def _comes_before(later: bytes, earlier: bytes) -> bool:
    """Whether the later of two keys comes first in source order: it begins with the earlier one and goes on with `/`
    or with one of the few characters before it.
    """
    return later.startswith(earlier) and len(later) > len(earlier) and later[len(earlier)] <= _SLASH
