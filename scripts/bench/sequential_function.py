"""A simple handler for comparison: one photo after the other, one request after the other.

It renders with Darkroom's own pipeline, so that the difference to Darkroom is the waiting alone.
"""

import json
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from processing.images.pipeline import render_photo
from scripts.bench.bench_settings import SETTINGS

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def lambda_handler(event: dict[str, Any], _: Any) -> dict[str, Any]:
    """Render each photo of a batch and publish their number."""
    keys = [json.loads(message["body"])["Records"][0]["s3"]["object"]["key"] for message in event["Records"]]
    for key in keys:
        _render(key)
    boto3.client("sns").publish(TopicArn=os.environ["DIGEST_TOPIC_ARN"], Message=f"{len(keys)} photos")
    return {"batchItemFailures": []}


def _render(key: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "source"
        source.write_bytes(_s3().get_object(Bucket="photos", Key=key)["Body"].read())
        for file in render_photo(source, folder, SETTINGS).files:
            body = (folder / file.name).read_bytes()
            _s3().put_object(Bucket=os.environ["OUTPUT_BUCKET"], Key=f"{key}/{file.name}", Body=body)


@cache
def _s3() -> "S3Client":
    return boto3.client("s3")
