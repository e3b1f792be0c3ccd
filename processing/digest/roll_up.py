"""The roll-up: one message for the digests of a window, so that a million photos are not 100,000 mails.

Digests are added one by one and not kept: a photo takes some hundred bytes, and only as many results stay whole as a
message can name.
"""

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

from processing.digest.batch_digest import BatchDigest
from processing.digest.message import DigestMessage, compose
from processing.digest.totals import Totals
from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult

MAX_NAMED = 200  # of one outcome and code: as many of the shortest records as SNS's 256 KiB hold
_NOTHING_TO_DO = (Outcome.DUPLICATE, Outcome.SUPERSEDED, Outcome.GONE)
_Group = tuple[Outcome, FailureCode | None]


class _Photo(NamedTuple):
    """The outcome of a photo so far, and when it was reported."""

    sent_ms: int
    group: _Group
    bytes_in: int
    bytes_out: int


class RollUpWindow:
    """Adds up the digests of one window.

    A photo is its bucket, key and eTag, so it counts once, however often its message is delivered or redriven; an
    overwritten photo has another eTag and counts again. Without an eTag the message id is used. A photo is shown by
    its last final outcome. A final outcome stays when a retry is reported later, because the reports have no order,
    and `processed` stays when `duplicate`, `superseded` or `gone` follows, because these only say that a later
    delivery found nothing to do. Results that a digest only counted cannot be told apart, so all of them count.
    """

    def __init__(self) -> None:
        self._digests: set[bytes] = set()
        self._photos: dict[bytes, _Photo] = {}
        self._counts: Counter[_Group] = Counter()
        self._named: dict[_Group, dict[bytes, RecordResult]] = {}
        self._unlisted: Counter[Outcome] = Counter()
        self._bytes_in = self._bytes_out = 0
        self._repeated = 0

    def add(self, digest: BatchDigest, sent_ms: int = 0, *, is_repeated: bool = False) -> None:
        """Add a digest, unless it was added before.

        Args:
            digest: of one batch.
            sent_ms: when it was sent; of two digests with the same time the one that is added later counts as later.
            is_repeated: an earlier summary may have reported it.
        """
        if digest.identity in self._digests:
            return
        self._digests.add(digest.identity)
        self._repeated += is_repeated
        self._unlisted.update(digest.unlisted)
        self._bytes_in += digest.unlisted_bytes_in
        self._bytes_out += digest.unlisted_bytes_out
        for result in digest.results:
            self._add_result(result, sent_ms)

    def message(self, *, stage: str, unreadable: int = 0, has_more: bool = False) -> DigestMessage:
        """Build the summary; its JSON has the kind `roll-up`.

        Args:
            stage: the deployment.
            unreadable: the number of further messages that could not be read.
            has_more: digests are left for the next summary.
        """
        totals = self._totals(unreadable, has_more=has_more)
        numbers = {"batches": totals.batches, "unreadable": unreadable, "repeated": totals.repeated}
        head = {"kind": "roll-up", "stage": stage, **numbers, "has_more": has_more}
        return compose(totals, stage=stage, reference="", head=head)

    def _totals(self, unreadable: int, *, has_more: bool) -> Totals:
        results = tuple(result for named in self._named.values() for result in named.values())
        unnamed = {group: count - len(self._named[group]) for group, count in self._counts.items()}
        unlisted = Counter(self._unlisted)
        for (outcome, _), count in unnamed.items():
            unlisted[outcome] += count
        return Totals(
            results=results,
            unlisted=unlisted,
            unnamed=unnamed,
            unlisted_bytes_in=self._bytes_in - sum(result.bytes_in for result in results),
            unlisted_bytes_out=self._bytes_out - sum(result.bytes_out for result in results),
            batches=len(self._digests),
            unreadable=unreadable,
            repeated=self._repeated,
            has_more=has_more,
        )

    def _add_result(self, result: RecordResult, sent_ms: int) -> None:
        photo = _identify(result)
        old = self._photos.get(photo)
        if old and not _replaces(result.outcome, sent_ms, old):
            return
        if old:
            self._remove(photo, old)
        group = (result.outcome, result.code)
        self._photos[photo] = _Photo(sent_ms, group, result.bytes_in, result.bytes_out)
        self._counts[group] += 1
        self._bytes_in += result.bytes_in
        self._bytes_out += result.bytes_out
        named = self._named.setdefault(group, {})
        if len(named) < MAX_NAMED:
            named[photo] = result

    def _remove(self, photo: bytes, old: _Photo) -> None:
        self._counts[old.group] -= 1
        self._bytes_in -= old.bytes_in
        self._bytes_out -= old.bytes_out
        self._named[old.group].pop(photo, None)


def combine(digests: Iterable[BatchDigest], *, stage: str, unreadable: int = 0) -> DigestMessage:
    """Build one message for many batches, in the order in which they were sent."""
    window = RollUpWindow()
    for digest in digests:
        window.add(digest)
    return window.message(stage=stage, unreadable=unreadable)


def _identify(result: RecordResult) -> bytes:
    source = result.source
    names: tuple[str, ...] = ("message", result.message_id)
    if source is not None:
        version = ("object", source.etag) if source.etag else names
        names = (*version, source.bucket, source.key)
    return blake2b(repr(names).encode(), digest_size=16).digest()


def _replaces(new: Outcome, sent_ms: int, old: _Photo) -> bool:
    old_outcome, _ = old.group
    if new.is_final != old_outcome.is_final:
        return new.is_final
    if Outcome.PROCESSED in (new, old_outcome) and (new in _NOTHING_TO_DO or old_outcome in _NOTHING_TO_DO):
        return new is Outcome.PROCESSED
    return sent_ms >= old.sent_ms
