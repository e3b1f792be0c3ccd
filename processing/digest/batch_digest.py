"""A batch's digest, parsed from the JSON that programs receive."""

import json
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b

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
from processing.digest.totals import Totals
from processing.outcomes import Outcome


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
    def identity(self) -> bytes:
        """Identify repeated deliveries of one digest, which SNS and SQS allow."""
        messages = sorted({result.message_id for result in self.results})
        return blake2b(repr((self.request_id, messages)).encode(), digest_size=16).digest()


def _unlisted(whole: int, listed: int) -> int:
    if listed > whole:
        raise UnreadableDigestError("the digest lists more than it counts")
    return whole - listed


def _parse_json(body: str) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # the latter for a deeply nested body
        raise UnreadableDigestError("the body is not JSON") from error
