"""The job against AWS in memory, where no function answers unless the test does."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from processing.digest.message import DigestBatch, summarise
from processing.outcomes import Outcome, RecordResult, SourceObject
from scripts.start import job as laptop_job
from scripts.start.job import LaptopJob
from scripts.start.photo_folder import Photo
from scripts.start.progress import Tally
from scripts.upload.folder import Unreadable


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LaptopJob]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        s3, sqs = boto3.client("s3", "us-east-1"), boto3.client("sqs", "us-east-1")
        for bucket in ("photos", "renditions"):
            s3.create_bucket(Bucket=bucket)
        yield LaptopJob(
            s3=s3,
            sqs=sqs,
            input_bucket="photos",
            output_bucket="renditions",
            follow_queue_url=sqs.create_queue(QueueName="follow")["QueueUrl"],
            out=tmp_path / "out",
            patience_seconds=1,
        )


def photo(folder: Path, key: str = "a.jpg") -> Photo:
    (folder / key).write_bytes(b"photo")
    return Photo(folder / key, key)


def run(job: LaptopJob, photos: Sequence[Photo | Unreadable]) -> Tally:
    tally = Tally(expected=len(photos))
    job.run(photos, tally, lambda _: None)
    return tally


def tell(job: LaptopJob, key: str, outputs: tuple[str, ...]) -> None:
    """Answers in the function's place."""
    result = RecordResult(
        message_id="m",
        source=SourceObject(bucket="photos", key=key, etag="e"),
        outcome=Outcome.PROCESSED,
        outputs=outputs,
    )
    digest = json.loads(summarise(DigestBatch("test", "request", (result,))).message)["sqs"]
    job.sqs.send_message(QueueUrl=job.follow_queue_url, MessageBody=digest)


def test_a_photo_that_never_gets_an_outcome_is_reported_after_the_time_limit(job: LaptopJob, tmp_path: Path) -> None:
    (failure,) = run(job, [photo(tmp_path)]).failures
    assert (failure.key, failure.code) == ("a.jpg", "no-outcome")


def test_a_file_that_cannot_be_read_is_reported_and_the_rest_goes_on(job: LaptopJob, tmp_path: Path) -> None:
    tell(job, "b.jpg", ())
    tally = run(job, [Photo(tmp_path / "missing.jpg", "missing.jpg"), photo(tmp_path, "b.jpg")])
    assert next((failure.key, failure.code) for failure in tally.failures) == ("missing.jpg", "not-uploaded")
    assert tally.uploaded == 1


def test_what_could_not_even_be_listed_is_reported_as_not_uploaded(job: LaptopJob) -> None:
    tally = run(job, [Unreadable("closed/", "Permission denied")])
    assert tally.outcomes == {"not-uploaded": 1}
    assert [(failure.key, failure.what_to_do) for failure in tally.failures] == [
        ("closed/", "Could not be uploaded: Permission denied")
    ]


def test_a_name_that_is_no_unicode_is_reported_as_not_uploaded(job: LaptopJob, tmp_path: Path) -> None:
    (failure,) = run(job, [Photo(photo(tmp_path).file, "bad\udcff.jpg")]).failures
    assert failure.code == "not-uploaded"


def test_outputs_come_home_and_source_and_outputs_are_freed(job: LaptopJob, tmp_path: Path) -> None:
    job.s3.put_object(Bucket="renditions", Key="a.jpg/small.jpg", Body=b"small")
    a = photo(tmp_path)
    tally = Tally(expected=1)
    tally.note_started("a.jpg")
    tell(job, "a.jpg", ("a.jpg/small.jpg",))
    job.run([a], tally, lambda _: None)
    assert (job.out / "a.jpg/small.jpg").read_bytes() == b"small"
    assert "Contents" not in job.s3.list_objects_v2(Bucket="renditions")


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (OSError(28, "No space left on device"), " is full. Free space or choose another --out, then run"),
        (PermissionError(13, "Permission denied"), ": Permission denied. Once that is mended, run"),
    ],
)
def test_an_output_that_cannot_be_written_is_no_processed_photo(
    job: LaptopJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, advice: str
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(laptop_job, "save", refuse)
    job.s3.put_object(Bucket="renditions", Key="a.jpg/small.jpg", Body=b"small")
    tally = Tally(expected=1)
    tally.note_started("a.jpg")
    tell(job, "a.jpg", ("a.jpg/small.jpg",))
    job.run([photo(tmp_path)], tally, lambda _: None)
    assert tally.outcomes == {"not-copied": 1}
    assert advice in tally.failures[0].what_to_do


def test_what_cannot_be_deleted_is_no_failure_and_makes_room_all_the_same(
    job: LaptopJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: str) -> None:
        raise ClientError({"Error": {"Code": "InternalError", "Message": "no"}}, "DeleteObject")

    monkeypatch.setattr(job.s3, "delete_object", refuse)
    monkeypatch.setattr(job.s3, "put_object", lambda **put: tell(job, put["Key"], ()))
    monkeypatch.setattr(laptop_job, "WINDOW_PHOTOS", 1)
    tally = run(job, [photo(tmp_path, key) for key in ("a.jpg", "b.jpg")])
    assert tally.outcomes == {"processed": 2}


def test_a_job_that_is_stuck_reports_every_photo_without_an_outcome_and_ends(
    job: LaptopJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LaptopJob, "_feed", lambda *_: None)  # nothing is ever on its way
    tally = run(job, [photo(tmp_path, "a.jpg"), photo(tmp_path, "b.jpg")])
    assert tally.outcomes == {"no-outcome": 2}


def test_the_last_progress_knows_what_could_not_be_copied(job: LaptopJob, tmp_path: Path) -> None:
    told: list[int] = []
    tally = Tally(expected=1)
    tally.note_started("a.jpg")
    tell(job, "a.jpg", ("missing/small.jpg",))
    job.run([photo(tmp_path)], tally, lambda tally: told.append(len(tally.failures)))
    assert told[-1] == 1


def test_an_output_key_that_would_leave_the_folder_is_refused_and_reported(job: LaptopJob, tmp_path: Path) -> None:
    job.s3.put_object(Bucket="renditions", Key="../up.jpg", Body=b"evil")
    tally = Tally(expected=1)
    tally.note_started("a.jpg")
    tell(job, "a.jpg", ("../up.jpg",))
    job.run([photo(tmp_path)], tally, lambda _: None)
    assert [failure.code for failure in tally.failures] == ["not-copied"]
    assert not (tmp_path / "up.jpg").exists()
