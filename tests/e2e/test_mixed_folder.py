"""A mixed folder through the deployed zip and layer on the local stack."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from scripts.aws.local_endpoint import LocalStack
from scripts.photo_job import done_photos
from scripts.photo_job.local_job import LocalJob
from scripts.photo_job.photo_folder import walk
from scripts.photo_job.progress import JobProgress
from tests.e2e.mixed_folder import make_folder

OUTPUTS = {"large.jpg": 1200, "medium.jpg": 600, "small.jpg": 300}


@dataclass(frozen=True)
class Job:
    """A finished job of `npm start`."""

    photos: Path
    out: Path
    good: set[str]
    bad: dict[str, str]
    progress: JobProgress
    dead_letters: list[dict[str, Any]]


@pytest.fixture(scope="module", params=["stack", "guarded_stack"])
def job_stack(request: pytest.FixtureRequest) -> LocalStack:
    """Return the plain stack, then the one that enforces IAM over TLS."""
    stack: LocalStack = request.getfixturevalue(request.param)
    return stack


@pytest.fixture(scope="module")
def job(job_stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Job:
    photos, out = tmp_path_factory.mktemp("photos"), tmp_path_factory.mktemp("out")
    good, bad = make_folder(photos)
    local_job = LocalJob(stack=job_stack, out=out, patience_seconds=120)
    local_job.run(walk(photos))
    return Job(
        photos, out, good, bad, local_job.progress, receive_all(job_stack, job_stack.outputs.dead_letter_queue_url)
    )


def receive_all(stack: LocalStack, queue_url: str) -> list[dict[str, Any]]:
    sqs, messages = stack.client("sqs"), []
    while batch := sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], WaitTimeSeconds=1
    ).get("Messages"):
        for message in batch:
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        messages += batch
    return messages


def test_every_photo_has_an_outcome_and_only_the_bad_ones_failed(job: Job) -> None:
    assert job.progress.outcomes == {"processed": len(job.good), "dead-lettered": len(job.bad)}


def test_every_good_photo_has_its_four_outputs_under_its_own_name(job: Job) -> None:
    files = {file.relative_to(job.out).as_posix() for file in job.out.rglob("*") if file.is_file()}
    assert files - {done_photos.FILE_NAME} == {
        f"{key}/{name}" for key in job.good for name in (*OUTPUTS, "document.pdf")
    }


def test_every_rendition_fits_its_box_keeps_its_shape_and_is_never_enlarged(job: Job) -> None:
    for key in job.good:
        for name, box_px in OUTPUTS.items():
            with Image.open(job.out / key / name) as image:
                assert image.format == "JPEG"
                assert image.mode == "RGB"
                assert max(image.size) <= box_px, (key, name)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_comes_out_upright_whatever_its_exif_orientation(job: Job, orientation: int) -> None:
    def corners(number: int) -> list[Any]:
        with Image.open(job.out / f"orientation/{number}.jpg" / "small.jpg") as image:
            # Four pixels, each channel on or off, show the colour of each corner.
            corner_pixels: Any = image.resize((2, 2), Image.Resampling.BOX).get_flattened_data()
            return [image.size, *(tuple(value > 128 for value in pixel) for pixel in corner_pixels)]

    assert corners(orientation) == corners(1)


def test_every_bad_photo_lies_in_the_dlq_with_its_reason(job: Job) -> None:
    reasons = {
        letter["MessageAttributes"]["source-key"]["StringValue"]: letter["MessageAttributes"]["failure-code"][
            "StringValue"
        ]
        for letter in job.dead_letters
    }
    assert reasons == job.bad


def test_nothing_is_left_in_the_buckets_or_the_queue(job: Job, job_stack: LocalStack) -> None:
    s3, sqs = job_stack.client("s3"), job_stack.client("sqs")
    for bucket in (job_stack.outputs.input_bucket, job_stack.outputs.output_bucket):
        assert "Contents" not in s3.list_objects_v2(Bucket=bucket)

    def depth() -> set[str]:
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = sqs.get_queue_attributes(QueueUrl=job_stack.outputs.queue_url, AttributeNames=names)
        return set(answer["Attributes"].values())

    # The digest of the last photo arrives before its message is deleted.
    end = time.monotonic() + 20
    while depth() != {"0"}:
        assert time.monotonic() < end, f"the queue still has messages: {depth()}"
        time.sleep(0.2)


def test_each_failure_is_told_with_its_key_its_code_and_what_to_do(job: Job) -> None:
    told = {failure.key: failure for failure in job.progress.failures}
    assert {key: failure.code for key, failure in told.items()} == job.bad
    assert all(failure.what_to_do for failure in told.values())
