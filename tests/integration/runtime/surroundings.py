"""Buckets, queues and a topic for the packaged function under the runtime emulator."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from scripts.aws.local_endpoint import client_environment, make_local_client
from scripts.bench.lambda_emulator import Emulator
from scripts.local_stack.stack import LocalAws
from tests.integration.template.packaged import Template
from tests.support.bare_stage import drain
from tests.support.events import s3_body, sqs_record

OUTPUTS = {"large.jpg", "medium.jpg", "small.jpg", "document.pdf"}


@dataclass(frozen=True)
class Surroundings:
    """The resources that a function needs.

    Attributes:
        aws: the local AWS that has them.
        names: physical names by the logical ids of the template.
    """

    aws: LocalAws
    names: Mapping[str, str]

    @classmethod
    def make(cls, aws: LocalAws) -> "Surroundings":
        """Create buckets, queues and a topic with unique names."""
        mark = uuid4().hex[:8]
        s3, sqs, sns = (make_local_client(service, aws.endpoint_url) for service in ("s3", "sqs", "sns"))
        for bucket in (f"input-{mark}", f"output-{mark}"):
            s3.create_bucket(Bucket=bucket)
        queues = {name: sqs.create_queue(QueueName=f"{name}-{mark}")["QueueUrl"] for name in ("photos", "dead-letters")}
        names = {
            "InputBucket": f"input-{mark}",
            "OutputBucket": f"output-{mark}",
            "PhotoQueue": queues["photos"],
            "DeadLetterQueue": queues["dead-letters"],
            "DigestTopic": sns.create_topic(Name=f"digests-{mark}")["TopicArn"],
        }
        return cls(aws, names)

    def variables(self, template: Template, endpoint_url: str = "") -> dict[str, str]:
        """Return the packaged environment, pointed at the local AWS."""
        packaged = template["ProcessLambdaFunction"]["Environment"]["Variables"]
        resolved = {name: self.names[value["Ref"]] if "Ref" in value else value for name, value in packaged.items()}
        buckets = {"INPUT_BUCKET": self.names["InputBucket"], "OUTPUT_BUCKET": self.names["OutputBucket"]}
        return resolved | buckets | client_environment(endpoint_url or self.aws.endpoint_url)

    def upload(self, photos: Mapping[str, bytes]) -> dict[str, Any]:
        """Upload photos; return the Lambda event with their S3 records."""
        s3, bucket = make_local_client("s3", self.aws.endpoint_url), self.names["InputBucket"]
        etags = {key: s3.put_object(Bucket=bucket, Key=key, Body=body)["ETag"] for key, body in photos.items()}
        return {
            "Records": [
                sqs_record(s3_body(key, bucket=bucket, size=len(photos[key]), etag=etag.strip('"')), message_id=key)
                for key, etag in etags.items()
            ]
        }

    def outputs(self, prefix: str = "") -> dict[str, str]:
        """Return key and eTag of every output whose key starts with the prefix."""
        pages = make_local_client("s3", self.aws.endpoint_url).get_paginator("list_objects_v2")
        listed = pages.paginate(Bucket=self.names["OutputBucket"], Prefix=prefix)
        return {entry["Key"]: entry["ETag"] for page in listed for entry in page.get("Contents", [])}

    def take_dead_letters(self) -> dict[str, str]:
        """Receive and delete all dead letters; return failure code and detail by source key."""
        letters = drain(make_local_client("sqs", self.aws.endpoint_url), self.names["DeadLetterQueue"])
        reasons = {}
        for letter in letters:
            text = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
            reasons[text["source-key"]] = f"{text['failure-code']}: {text.get('failure-detail', '')}"
        return reasons


def outputs_of(*keys: str) -> set[str]:
    return {f"{key}/{name}" for key in keys for name in OUTPUTS}


def failed(answer: str) -> set[str]:
    """Return the message ids in a partial batch response."""
    payload = json.loads(answer)
    assert set(payload) == {"batchItemFailures"}, payload
    return {failure["itemIdentifier"] for failure in payload["batchItemFailures"]}


def run_batch(emulator: Emulator, surroundings: Surroundings, photos: Mapping[str, bytes]) -> tuple[set[str], float]:
    answer = emulator.invoke(surroundings.upload(photos))
    return failed(answer.text), answer.seconds
