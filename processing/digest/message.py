"""The digest: one SNS message that says how a batch went, to people and to machines."""

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

# The protocols of SNS that get JSON. It is in the message once for each: SNS has no way to share it.
MACHINE_VARIANTS = ("sqs", "lambda", "http", "https")


@dataclass(frozen=True)
class Batch:
    """What one invocation did.

    Attributes:
        stage: the deployment: `dev`, `prod`, `local`.
        request_id: the Lambda request, to find it in the logs.
        results: one for each S3 record, and one for each message that named none.
    """

    stage: str
    request_id: str
    results: tuple[RecordResult, ...]


@dataclass(frozen=True)
class DigestMessage:
    """What SNS's Publish takes.

    Attributes:
        subject: ASCII, less than 100 characters, one line.
        message: a JSON object with one text for each protocol, for `MessageStructure="json"`.
        attributes: `status` (`ok`, `retrying`: nothing failed but some photos come again, `failed`: at least one
            photo went to the dead-letter queue), `failed` (how many did) and `stage`, for filter policies.
    """

    subject: str
    message: str
    attributes: dict[str, dict[str, str]]


def summarise(batch: Batch) -> DigestMessage:
    """The digest of one batch. Depends on nothing but the batch, and keeps every limit of SNS whatever is in it."""
    return compose(
        Totals(results=batch.results),
        stage=batch.stage,
        reference=batch.request_id,
        head={"kind": "batch", "stage": batch.stage, "request_id": batch.request_id},
    )


def email_text(message: DigestMessage) -> str:
    """The digest as somebody reads it who subscribed by e-mail."""
    return str(json.loads(message.message)["email"])


def compose(totals: Totals, *, stage: str, reference: str, head: Mapping[str, Any]) -> DigestMessage:
    """The message that tells of `totals`.

    When not all records fit, failures are kept before photos that come again, and these before the rest; `omitted`
    says how many were left out, and the counts include them.

    Args:
        totals: what it tells of.
        stage: the deployment.
        reference: what people search the logs for.
        head: what else the JSON for machines says.
    """
    subject, attributes = digest_text.subject(totals, stage), _attributes(totals, stage)
    email = digest_text.email(totals, reference)
    # Whoever gets the default (push messages, other protocols) sees no subject.
    people = {"default": f"{subject}.\n\n{email}", "email": email, "sms": digest_text.sms(totals, stage)}
    records = [record_document(result) for result in totals.results]

    def message_with(kept: list[dict[str, Any]]) -> str:
        machine = encode_json(_machine(totals, head, kept))
        return encode_json({**people, **dict.fromkeys(MACHINE_VARIANTS, machine)})

    spare_bytes = MAX_MESSAGE_BYTES - message_bytes(subject, message_with([]), attributes)
    costs = [len(MACHINE_VARIANTS) * (embedded_bytes(encode_json(record)) + len(",")) for record in records]
    kept = most_that_fit([_rank(result) for result in totals.results], costs, spare_bytes)
    return DigestMessage(subject, message_with([records[position] for position in kept]), attributes)


def _machine(totals: Totals, head: Mapping[str, Any], kept: list[dict[str, Any]]) -> dict[str, Any]:
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
