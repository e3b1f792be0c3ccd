"""The digest: one SNS message that reports a batch, as text for people and as JSON for programs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from processing.digest import text as digest_text
from processing.digest.json_records import SERVICE, VERSION, record_document
from processing.digest.sns_limits import MAX_MESSAGE_BYTES, embedded_bytes, encode_json, message_bytes, most_that_fit
from processing.digest.totals import Totals
from processing.outcomes import RecordResult
from processing.wording import stage_label

# The SNS protocols that get JSON. The message holds it once for each, because SNS has no way to share it.
JSON_PROTOCOLS = ("sqs", "lambda", "http", "https")


@dataclass(frozen=True)
class DigestMessage:
    """The parameters of SNS's Publish.

    Attributes:
        subject: ASCII, less than 100 characters, one line.
        message: a JSON object with one text for each protocol, for `MessageStructure="json"`.
        attributes: `status` (`ok`; `retrying`: no failures, but some photos will be tried again; `failed`: at least
            one photo went to the dead-letter queue), `failed` (how many did) and `stage`, for filter policies.
    """

    subject: str
    message: str
    attributes: dict[str, dict[str, str]]


def summarise(stage: str, request_id: str, results: tuple[RecordResult, ...]) -> DigestMessage:
    """Build the digest of one batch, within the limits of SNS.

    Args:
        stage: the deployment: `dev`, `prod`, `local`.
        request_id: the Lambda request, to find it in the logs.
        results: one for each S3 record, and one for each message that named none.
    """
    head = {"kind": "batch", "stage": stage, "request_id": request_id}
    return compose(Totals(results=results), stage=stage, reference=request_id, head=head)


def email_text(message: DigestMessage) -> str:
    """Return the text that e-mail subscribers receive."""
    return str(json.loads(message.message)["email"])


def compose(totals: Totals, *, stage: str, reference: str, head: Mapping[str, Any]) -> DigestMessage:
    """Build the message that reports `totals`.

    When not all records fit, failures are kept before photos that will be tried again, and these before the rest.
    `omitted` says how many were left out, and the counts include them.

    Args:
        totals: counts and results.
        stage: the deployment.
        reference: the text to search the logs for.
        head: the first fields of the JSON.
    """
    subject, attributes = digest_text.subject(totals, stage), _attributes(totals, stage)
    email = digest_text.email(totals, reference)
    # The default (push messages, other protocols) has no subject.
    texts = {"default": f"{subject}.\n\n{email}", "email": email, "sms": digest_text.sms(totals, stage)}
    records = [record_document(result) for result in totals.results]

    def message_with(kept: list[dict[str, Any]]) -> str:
        document = encode_json(_document(totals, head, kept))
        return encode_json({**texts, **dict.fromkeys(JSON_PROTOCOLS, document)})

    spare_bytes = MAX_MESSAGE_BYTES - message_bytes(subject, message_with([]), attributes)
    costs = [len(JSON_PROTOCOLS) * (embedded_bytes(encode_json(record)) + len(",")) for record in records]
    kept = most_that_fit([_rank(result) for result in totals.results], costs, spare_bytes)
    return DigestMessage(subject, message_with([records[position] for position in kept]), attributes)


def _document(totals: Totals, head: Mapping[str, Any], kept: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "service": SERVICE,
        **head,
        "counts": {outcome.value: number for outcome, number in totals.counts.items()},
        "bytes_in": totals.bytes_in,
        "bytes_out": totals.bytes_out,
        "records": kept,
        "omitted": totals.all - len(kept),
    }


def _attributes(totals: Totals, stage: str) -> dict[str, dict[str, str]]:
    return {
        "status": {"DataType": "String", "StringValue": totals.status.value},
        "failed": {"DataType": "Number", "StringValue": str(totals.failed)},
        "stage": {"DataType": "String", "StringValue": stage_label(stage) or "none"},
    }


def _rank(result: RecordResult) -> int:
    if result.outcome.is_failure:
        return 0
    return 2 if result.outcome.is_final else 1
