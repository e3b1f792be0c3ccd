"""Run one batch through the deployed function without the event source mapping.

The test receives the messages and invokes the function itself, as the mapping would. Nothing else runs meanwhile, so
a missing permission shows at once.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from scripts.aws.local_endpoint import LocalStack
from tests.support.photos import jpeg, not_an_image

# Kinds of source objects. The event of "done" is sent again in each batch; the message of "suspect" looks as if an
# earlier invocation had crashed with it.
KINDS = ("new", "suspect", "done", "gone", "bad")
WELL = {
    "messages": len(KINDS),
    "new": "processed",
    "suspect": "processed",
    "done": "duplicate",
    "gone": "gone",
    "bad": "dead-lettered unsupported-format",
    "batch item failures": [],
    "warnings": [],
    "dead letters": ["bad unsupported-format"],
    "digests for the roll-up": 1,
}
PHOTO = jpeg((64, 48))

Account = dict[str, Any]


@contextmanager
def paused_mapping(stack: LocalStack) -> Iterator[None]:
    """Disable the event source mapping for the block."""
    _enable(stack, enabled=False)
    try:
        yield
    finally:
        _enable(stack, enabled=True)


@contextmanager
def resumed_mapping(stack: LocalStack) -> Iterator[None]:
    """Enable the event source mapping for a block within a pause."""
    _enable(stack, enabled=True)
    try:
        yield
    finally:
        _enable(stack, enabled=False)


def _enable(stack: LocalStack, *, enabled: bool) -> None:
    function = stack.client("lambda")
    (mapping,) = function.list_event_source_mappings(FunctionName=stack.outputs.process_function)["EventSourceMappings"]
    function.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)


@dataclass(frozen=True)
class OneBatch:
    """Runs batches on a stack whose event source mapping is disabled.

    Attributes:
        stack: the local stack.
        done: the message body of a photo that is processed already.
    """

    stack: LocalStack
    done: str

    @classmethod
    def prepare(cls, stack: LocalStack) -> "OneBatch":
        """Empty the stack and process one photo."""
        forget_everything(stack)
        stack.client("s3").put_object(Bucket=stack.outputs.input_bucket, Key="done", Body=PHOTO)
        first = cls(stack, "")
        (record,) = first._receive()
        first._invoke({"Records": [record]})
        assert first._told() == {"done": "processed"}
        first._drain(stack.outputs.roll_up_queue_url)
        return cls(stack, record["body"])

    def run(self) -> Account:
        """Process one message of each kind; return the results in the form of `WELL`."""
        self._upload()
        records = self._receive()
        answer = self._invoke({"Records": records}) if records else {}
        account = {
            "messages": len(records),
            **self._told(),
            "batch item failures": sorted(_kinds(records, answer.get("failed", []))),
            "warnings": answer.get("warnings", []),
            "dead letters": sorted(map(_describe_letter, self._drain(self.stack.outputs.dead_letter_queue_url))),
            "digests for the roll-up": len(self._drain(self.stack.outputs.roll_up_queue_url)),
        }
        self.stack.client("sqs").purge_queue(QueueUrl=self.stack.outputs.queue_url)
        return account

    def _upload(self) -> None:
        s3, bucket, number = self.stack.client("s3"), self.stack.outputs.input_bucket, uuid4().hex
        for kind in ("new", "suspect", "gone", "bad"):
            s3.put_object(Bucket=bucket, Key=f"{kind}/{number}", Body=not_an_image() if kind == "bad" else PHOTO)
        s3.delete_object(Bucket=bucket, Key=f"gone/{number}")
        self.stack.client("sqs").send_message(QueueUrl=self.stack.outputs.queue_url, MessageBody=self.done)

    def _receive(self) -> list[dict[str, Any]]:
        """Receive the messages as records of a Lambda event."""
        sqs, records = self.stack.client("sqs"), []
        while received := sqs.receive_message(
            QueueUrl=self.stack.outputs.queue_url,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["All"],
            WaitTimeSeconds=0,
        ).get("Messages"):
            records += [_record(message) for message in received if "s3:TestEvent" not in message["Body"]]
        return records

    def _invoke(self, event: Mapping[str, Any]) -> dict[str, Any]:
        name, started = self.stack.outputs.process_function, round(time.time() * 1000)
        answer = self.stack.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        response = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, response
        log = self.stack.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}", startTime=started)
        return {
            "failed": [failure["itemIdentifier"] for failure in response["batchItemFailures"]],
            "warnings": _warnings([event["message"] for event in log["events"]]),
        }

    def _told(self) -> dict[str, str]:
        """Return outcome and failure code of each kind from the digests."""
        digests = [json.loads(message["Body"]) for message in self._drain(self.stack.outputs.follow_queue_url)]
        records = [record for digest in digests for record in digest["records"]]
        return {_kind(record["key"]): " ".join(filter(None, (record["outcome"], record["code"]))) for record in records}

    def _drain(self, url: str) -> list[dict[str, Any]]:
        sqs, messages = self.stack.client("sqs"), []
        while received := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], WaitTimeSeconds=0
        ).get("Messages"):
            messages += received
        sqs.purge_queue(QueueUrl=url)
        return messages


def forget_everything(stack: LocalStack) -> None:
    """Empty every queue and bucket."""
    outputs, s3, sqs = stack.outputs, stack.client("s3"), stack.client("sqs")
    urls = (outputs.queue_url, outputs.dead_letter_queue_url, outputs.roll_up_queue_url, outputs.follow_queue_url)
    for url in urls:
        sqs.purge_queue(QueueUrl=url)
    for bucket in (outputs.input_bucket, outputs.output_bucket):
        for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=entry["Key"])


def roll_up(stack: LocalStack) -> str:
    """Invoke the roll-up with one message; return "well" or its error message."""
    sqs, url = stack.client("sqs"), stack.outputs.roll_up_queue_url
    sqs.send_message(QueueUrl=url, MessageBody="no digest, but a message to be collected")
    name = stack.outputs.process_function.replace("-process", "-roll-up")
    answer = stack.client("lambda").invoke(FunctionName=name, Payload="{}")
    response = json.loads(answer["Payload"].read())
    sqs.purge_queue(QueueUrl=url)
    return str(response["errorMessage"]) if "FunctionError" in answer else "well"


def emitted_metrics(stack: LocalStack) -> set[tuple[str, str, str]]:
    """Return namespace, name and service of every EMF metric in the function's log."""
    group = f"/aws/lambda/{stack.outputs.process_function}"
    log = stack.client("logs").filter_log_events(logGroupName=group)["events"]
    documents = [json.loads(event["message"]) for event in log if event["message"].startswith('{"_aws"')]
    return {
        (directive["Namespace"], metric["Name"], document["service"])
        for document in documents
        for directive in document["_aws"]["CloudWatchMetrics"]
        if ["service"] in directive["Dimensions"]
        for metric in directive["Metrics"]
    }


def _record(message: Mapping[str, Any]) -> dict[str, Any]:
    attributes = dict(message["Attributes"])
    if _kind(_key(message["Body"])) == "suspect":
        attributes |= {"ApproximateReceiveCount": "2", "ApproximateFirstReceiveTimestamp": "0"}
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:darkroom-local-photos",
        "awsRegion": "us-east-1",
    }


def _key(body: str) -> str:
    return str(json.loads(body)["Records"][0]["s3"]["object"]["key"])


def _kind(key: str) -> str:
    return key.replace("%2F", "/").partition("/")[0]


def _kinds(records: Sequence[Mapping[str, Any]], ids: Sequence[str]) -> list[str]:
    return [_kind(_key(record["body"])) for record in records if record["messageId"] in ids]


def _describe_letter(letter: Mapping[str, Any]) -> str:
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    return f"{_kind(attributes['source-key'])} {attributes['failure-code']}"


def _warnings(log: Sequence[str]) -> list[str]:
    """Return the distinct messages of warnings and errors."""
    lines = [json.loads(line) for line in log if line.startswith("{")]
    return sorted({line["message"] for line in lines if line.get("level") in ("WARNING", "ERROR")})
