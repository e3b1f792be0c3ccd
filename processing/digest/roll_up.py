"""The roll-up: one message for the digests of many batches, so that 5,000 photos are not 500 mails."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from processing.digest.json_records import (
    SERVICE,
    VERSION,
    UnreadableDigestError,
    mapping,
    number,
    read_counts,
    read_record,
    text,
)
from processing.digest.message import DigestMessage, compose
from processing.digest.totals import Totals
from processing.outcomes import Outcome, RecordResult

_NOTHING_TO_DO = (Outcome.DUPLICATE, Outcome.SUPERSEDED, Outcome.GONE)


@dataclass(frozen=True, kw_only=True)
class BatchDigest(Totals):
    """A batch's digest, parsed from its JSON.

    Attributes:
        request_id: the Lambda request that sent it.
    """

    request_id: str

    @classmethod
    def from_body(cls, body: str) -> "BatchDigest":
        """Parse an SQS message body, with or without SNS's envelope.

        Raises:
            UnreadableDigestError: it is not a batch's digest, a field is missing or of a wrong kind, the version is
                another, or the counts are lower than the number of listed records.
        """
        document = _parse_json(body)
        if isinstance(document, dict) and document.get("Type") == "Notification":
            document = _parse_json(text(document, "Message"))
        fields = mapping(document, "the digest")
        if (fields.get("service"), fields.get("kind"), fields.get("version")) != (SERVICE, "batch", VERSION):
            raise UnreadableDigestError(f"this is not a digest of a batch in version {VERSION}")
        records = fields.get("records")
        if not isinstance(records, list):
            raise UnreadableDigestError("records is not a list")
        results = tuple(map(read_record, records))
        counts, listed = read_counts(fields.get("counts")), Counter(result.outcome for result in results)
        return cls(
            request_id=text(fields, "request_id"),
            results=results,
            unlisted={outcome: _unlisted(counts.get(outcome, 0), listed[outcome]) for outcome in Outcome},
            unlisted_bytes_in=_unlisted(number(fields, "bytes_in"), sum(result.bytes_in for result in results)),
            unlisted_bytes_out=_unlisted(number(fields, "bytes_out"), sum(result.bytes_out for result in results)),
        )

    @property
    def identity(self) -> tuple[str, frozenset[str]]:
        """Identify repeated deliveries of one digest, which SNS and SQS allow."""
        return self.request_id, frozenset(result.message_id for result in self.results)


def combine(digests: Iterable[BatchDigest], *, stage: str, unreadable: int = 0) -> DigestMessage:
    """Build one message for many batches; its JSON has the kind `roll-up`.

    A photo is its bucket, key and eTag, so it counts once, however often its message is delivered or redriven; an
    overwritten photo has another eTag and counts again. Without an eTag the message id is used. A photo is shown by
    its last final outcome. A final outcome stays when a retry is reported later, because the reports have no order,
    and `processed` stays when `duplicate`, `superseded` or `gone` follows, because these only say that a later
    delivery found nothing to do. Records that a digest only counted cannot be told apart, so all of them count.

    Args:
        digests: in the order in which they were sent, as far as it is known.
        stage: the deployment.
        unreadable: the number of further messages that could not be read.
    """
    different = {digest.identity: digest for digest in digests}.values()
    totals = Totals(
        results=_last_outcomes(result for digest in different for result in digest.results),
        unlisted={outcome: sum(digest.unlisted.get(outcome, 0) for digest in different) for outcome in Outcome},
        unlisted_bytes_in=sum(digest.unlisted_bytes_in for digest in different),
        unlisted_bytes_out=sum(digest.unlisted_bytes_out for digest in different),
        batches=len(different),
        unreadable=unreadable,
    )
    head = {"kind": "roll-up", "stage": stage, "batches": totals.batches, "unreadable": unreadable}
    return compose(totals, stage=stage, reference="", head=head)


def _last_outcomes(results: Iterable[RecordResult]) -> tuple[RecordResult, ...]:
    last: dict[tuple[str, ...], RecordResult] = {}
    for result in results:
        photo = _photo(result)
        if photo not in last or _replaces(result, last[photo]):
            last[photo] = result
    return tuple(last.values())


def _photo(result: RecordResult) -> tuple[str, ...]:
    source = result.source
    if source is None:
        return ("message", result.message_id)
    if not source.etag:
        return ("message", result.message_id, source.bucket, source.key)
    return ("object", source.bucket, source.key, source.etag)


def _replaces(new: RecordResult, old: RecordResult) -> bool:
    if old.outcome.is_final and not new.outcome.is_final:
        return False
    return not (old.outcome is Outcome.PROCESSED and new.outcome in _NOTHING_TO_DO)


def _unlisted(whole: int, listed: int) -> int:
    if listed > whole:
        raise UnreadableDigestError("the digest lists more than it counts")
    return whole - listed


def _parse_json(body: str) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # the latter for a deeply nested body
        raise UnreadableDigestError("the body is not JSON") from error
