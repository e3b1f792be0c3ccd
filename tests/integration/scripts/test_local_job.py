"""The job against AWS in memory, where the test answers in the function's place."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from processing.digest.message import summarise
from processing.outcomes import Outcome, RecordResult, SourceObject
from processing.settings import read_render_settings
from scripts.aws.stage import DeployedSettings
from scripts.cli.errors import OperatorError
from scripts.cli.failures import Failure
from scripts.photo_job import local_job as module
from scripts.photo_job.follower import LATE
from scripts.photo_job.job import UploadWindow
from scripts.photo_job.local_job import LocalJob
from scripts.photo_job.photo_folder import LocalFile, not_uploaded

PHOTO = b"photo"
Answers = dict[str, tuple[str, ...]]


@pytest.fixture
def answers() -> Answers:
    """Hold outputs by source key; each is reported by a digest as soon as the source is uploaded."""
    return {}


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: Answers) -> Iterator[LocalJob]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        clients: dict[str, Any] = {service: boto3.client(service, "us-east-1") for service in ("s3", "sqs")}
        s3, sqs = clients["s3"], clients["sqs"]
        for bucket in ("photos", "renditions"):
            s3.create_bucket(Bucket=bucket)
        follow = sqs.create_queue(QueueName="follow")["QueueUrl"]
        put_object = s3.put_object

        def put(**request: Any) -> Any:
            response = put_object(**request)
            if request["Key"] in answers:
                digest = make_digest(request["Key"], answers[request["Key"]])
                sqs.send_message(QueueUrl=follow, MessageBody=digest)
            return response

        monkeypatch.setattr(s3, "put_object", put)
        outputs = SimpleNamespace(
            input_bucket="photos", output_bucket="renditions", follow_queue_url=follow, process_function="process"
        )
        (tmp_path / "stack.log").touch()
        process = SimpleNamespace(poll=lambda: None)
        stack: Any = SimpleNamespace(
            client=clients.__getitem__, outputs=outputs, log=tmp_path / "stack.log", process=process
        )
        job = LocalJob(stack=stack, out=tmp_path / "out", patience_seconds=1)
        job.settings = DeployedSettings(
            read_render_settings({"RENDITIONS": "small:300:80"}), memory_mb=1769, max_bytes=100
        )
        yield job


def make_digest(key: str, outputs: tuple[str, ...]) -> str:
    source = SourceObject(bucket="photos", key=key, etag=hashlib.md5(PHOTO).hexdigest())
    result = RecordResult(message_id="m", source=source, outcome=Outcome.PROCESSED, outputs=outputs)
    body: str = json.loads(summarise("test", "request", (result,)).message)["sqs"]
    return body


def photo(folder: Path, key: str = "a.jpg") -> LocalFile:
    (folder / key).write_bytes(PHOTO)
    return LocalFile(folder / key, key, len(PHOTO))


def run(job: LocalJob, files: Sequence[LocalFile | Failure]) -> list[Failure]:
    job.run(files)
    return job.progress.failures


def put_output(job: LocalJob, key: str) -> None:
    job.stack.client("s3").put_object(Bucket="renditions", Key=key, Body=b"small")


def test_a_photo_that_never_gets_an_outcome_is_reported_after_the_time_limit(job: LocalJob, tmp_path: Path) -> None:
    (failure,) = run(job, [photo(tmp_path)])
    assert (failure.key, failure.code) == ("a.jpg", "no-outcome")
    assert failure.what_to_do == LATE


def test_a_file_that_cannot_be_read_is_reported_and_the_rest_goes_on(
    job: LocalJob, tmp_path: Path, answers: Answers
) -> None:
    answers["b.jpg"] = ()
    (failure,) = run(job, [LocalFile(tmp_path / "missing.jpg", "missing.jpg", 5), photo(tmp_path, "b.jpg")])
    assert (failure.key, failure.code) == ("missing.jpg", "not-uploaded")
    assert (job.progress.uploaded, job.progress.outcomes) == (1, {"processed": 1})


def test_what_could_not_even_be_listed_is_reported_as_not_uploaded(job: LocalJob) -> None:
    assert run(job, [not_uploaded("closed/", "Permission denied")]) == [not_uploaded("closed/", "Permission denied")]


def test_a_name_that_is_no_unicode_is_reported_as_not_uploaded(job: LocalJob, tmp_path: Path) -> None:
    (failure,) = run(job, [LocalFile(photo(tmp_path).path, "bad\udcff.jpg", 5)])
    assert failure.code == "not-uploaded"


def test_outputs_are_copied_and_source_and_outputs_are_freed(job: LocalJob, tmp_path: Path, answers: Answers) -> None:
    put_output(job, "a.jpg/small.jpg")
    answers["a.jpg"] = ("a.jpg/small.jpg",)
    assert run(job, [photo(tmp_path)]) == []
    assert (job.out / "a.jpg/small.jpg").read_bytes() == b"small"
    for bucket in ("photos", "renditions"):
        assert "Contents" not in job.stack.client("s3").list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (OSError(28, "No space left on device"), " is full. Free space or choose another --out, then run"),
        (PermissionError(13, "Permission denied"), ": Permission denied. Fix that, then run"),
    ],
)
def test_a_photo_whose_output_cannot_be_written_does_not_count_as_processed(
    job: LocalJob,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answers: Answers,
    error: OSError,
    advice: str,
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(module, "save", refuse)
    put_output(job, "a.jpg/small.jpg")
    answers["a.jpg"] = ("a.jpg/small.jpg",)
    (failure,) = run(job, [photo(tmp_path)])
    assert job.progress.outcomes == {"not-copied": 1}
    assert advice in failure.what_to_do


def test_a_photo_that_cannot_be_deleted_is_no_failure_and_makes_room_for_the_next(
    job: LocalJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: Answers
) -> None:
    def refuse(**_: str) -> None:
        raise ClientError({"Error": {"Code": "InternalError", "Message": "no"}}, "DeleteObject")

    monkeypatch.setattr(job.stack.client("s3"), "delete_object", refuse)
    job.window = UploadWindow(max_bytes=100, max_photos=1)
    answers.update({"a.jpg": (), "b.jpg": ()})
    assert run(job, [photo(tmp_path, key) for key in ("a.jpg", "b.jpg")]) == []
    assert job.progress.outcomes == {"processed": 2}


def test_a_full_window_without_news_reports_every_photo_and_ends(job: LocalJob, tmp_path: Path) -> None:
    job.window = UploadWindow(max_bytes=100, max_photos=1)
    run(job, [photo(tmp_path, "a.jpg"), photo(tmp_path, "b.jpg")])
    assert job.progress.outcomes == {"no-outcome": 2}


def test_a_listener_that_fails_ends_the_job_with_its_error(
    job: LocalJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "InternalError", "Message": "no"}}, "ReceiveMessage")

    monkeypatch.setattr(job.stack.client("sqs"), "receive_message", refuse)
    job.window = UploadWindow(max_bytes=100, max_photos=1)
    with pytest.raises(ClientError):
        run(job, [photo(tmp_path, "a.jpg"), photo(tmp_path, "b.jpg")])
    assert job.progress.uploaded < 2


def test_the_last_progress_includes_what_could_not_be_copied(job: LocalJob, tmp_path: Path, answers: Answers) -> None:
    told: list[int] = []
    answers["a.jpg"] = ("missing/small.jpg",)
    job.run([photo(tmp_path)], lambda: told.append(job.progress.failed))
    assert told[-1] == 1


def test_an_output_key_that_would_leave_the_folder_is_refused_and_reported(
    job: LocalJob, tmp_path: Path, answers: Answers
) -> None:
    job.stack.client("s3").put_object(Bucket="renditions", Key="../up.jpg", Body=b"evil")
    answers["a.jpg"] = ("../up.jpg",)
    assert [failure.code for failure in run(job, [photo(tmp_path)])] == ["not-copied"]
    assert not (tmp_path / "up.jpg").exists()


def again(job: LocalJob, max_bytes: int = 100, renditions: str = "small:300:80") -> LocalJob:
    """Return a job of another run with the same output folder."""
    second = LocalJob(stack=job.stack, out=job.out, patience_seconds=1)
    second.settings = DeployedSettings(
        read_render_settings({"RENDITIONS": renditions}), memory_mb=1769, max_bytes=max_bytes
    )
    return second


def test_a_second_run_skips_what_is_done_and_uploads_what_changed(
    job: LocalJob, tmp_path: Path, answers: Answers
) -> None:
    for key in ("a.jpg", "b.jpg"):
        put_output(job, f"{key}/small.jpg")
        answers[key] = (f"{key}/small.jpg",)
    run(job, [photo(tmp_path, key) for key in ("a.jpg", "b.jpg")])
    (tmp_path / "b.jpg").write_bytes(b"PHOTO")
    second = again(job)
    answers.clear()
    run(second, [LocalFile(tmp_path / key, key, 5) for key in ("a.jpg", "b.jpg")])
    assert [result.source and result.source.key for result in second.done_before] == ["a.jpg"]
    assert (second.progress.uploaded, second.progress.outcomes) == (1, {"no-outcome": 1})  # b.jpg: nothing answers


def test_a_second_run_with_other_settings_skips_nothing(job: LocalJob, tmp_path: Path, answers: Answers) -> None:
    put_output(job, "a.jpg/small.jpg")
    answers["a.jpg"] = ("a.jpg/small.jpg",)
    run(job, [photo(tmp_path)])
    second = again(job, renditions="small:200:80")
    put_output(second, "a.jpg/small.jpg")
    run(second, [photo(tmp_path)])
    assert (second.done_before, second.progress.outcomes) == ([], {"processed": 1})


def test_a_photo_whose_outputs_could_not_be_copied_is_not_skipped(
    job: LocalJob, tmp_path: Path, answers: Answers
) -> None:
    answers["a.jpg"] = ("a.jpg/missing.jpg",)
    run(job, [photo(tmp_path)])
    second = again(job)
    run(second, [photo(tmp_path)])
    assert second.done_before == []


def test_a_file_above_the_limit_is_refused_and_not_uploaded(job: LocalJob, tmp_path: Path) -> None:
    (failure,) = run(again(job, max_bytes=4), [photo(tmp_path)])
    assert (failure.code, failure.detail) == ("too-many-bytes", "5 bytes, the limit is 4 bytes; not uploaded")
    assert "Contents" not in job.stack.client("s3").list_objects_v2(Bucket="photos")


def test_a_local_aws_that_ended_ends_the_job_and_names_its_log(job: LocalJob, tmp_path: Path) -> None:
    job.patience_seconds = 60
    monkey: Any = job.stack.process
    monkey.poll = lambda: -9
    with pytest.raises(OperatorError, match=r"the local AWS ended by itself\nIts log is .*stack\.log"):
        run(job, [photo(tmp_path)])


def test_a_function_that_cannot_start_ends_the_job_within_seconds(job: LocalJob, tmp_path: Path) -> None:
    job.patience_seconds = 60
    job.stack.log.write_text(
        "2026-11-25 18:57:12 WARNING [lambda] ESM: Lambda process failed processing SQS batch from photos "
        "(errorType=RuntimeError errorMessage=Worker init failed: no module named 'pyvips')\n"
    )
    with pytest.raises(OperatorError, match="the function cannot start:\nno module named 'pyvips'"):
        run(job, [photo(tmp_path)])
