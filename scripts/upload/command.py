"""The command `upload`: a folder to the input bucket, and on request to the outcomes."""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from processing.wording import human_bytes
from scripts.aws.deployed_settings import read_deployed_settings
from scripts.aws.digest_subscription import subscribe_to_digests
from scripts.aws.photo_state import PhotoStates
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_OK
from scripts.cli.errors import OperatorError
from scripts.cli.failures import Failure
from scripts.cli.output import Screen
from scripts.start.progress import NOT_UPLOADED
from scripts.upload.compare import Why
from scripts.upload.folder import Unreadable, walk
from scripts.upload.following import Follower
from scripts.upload.job import Job
from scripts.upload.report import DRY_RUN, Preview, job_code, job_report, preview_document, preview_report
from scripts.upload.transfer import Bucket, Uploaded


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a person asked for.

    Attributes:
        folder: what to upload.
        prefix: goes before each key.
        threads: how many files at once.
        watch: whether to follow the photos to their outcomes.
        patience_seconds: without news for so long, following ends.
    """

    folder: Path
    prefix: str
    threads: int
    watch: bool
    patience_seconds: float


def upload(target: Stage, request: Request, screen: Screen, *, execute: bool) -> int:
    """Uploads a folder; without `execute` only says what it would upload."""
    if not request.folder.is_dir():
        raise OperatorError(f"{request.folder} is not a folder")
    bucket = Bucket(target.s3, target.outputs.input_bucket, request.threads)
    total = sum(1 for _ in walk(request.folder, request.prefix))
    if not execute:
        preview = _preview(bucket, request, total, screen)
        screen.result([DRY_RUN, *preview_report(preview, bucket.name)], preview_document(preview, bucket.name))
        return EXIT_OK
    job = Job()
    try:
        _run(target, bucket, request, job, total, screen)
    except KeyboardInterrupt:
        screen.note("Interrupted. Give the same command again to go on; what is there already is left out.")
        screen.result(job_report(job, bucket.name), job.to_document())
        raise
    screen.result(job_report(job, bucket.name), job.to_document())
    return job_code(job)


def _preview(bucket: Bucket, request: Request, total: int, screen: Screen) -> Preview:
    preview = Preview()
    with screen.progress("comparing", total) as on_progress:
        for done, action in enumerate(bucket.plan(walk(request.folder, request.prefix)), start=1):
            preview.add(action)
            on_progress(done, "")
    return preview


def _run(target: Stage, bucket: Bucket, request: Request, job: Job, total: int, screen: Screen) -> None:
    if not request.watch:
        _upload_all(bucket, request, job, total, screen)
        return
    with ExitStack() as stack:
        follower = Follower(
            job=job,
            watch=stack.enter_context(subscribe_to_digests(target)),
            photos=PhotoStates(target.s3, target.outputs.output_bucket, read_deployed_settings(target).fingerprint),
            queue=target.queue,
            dlq=target.dlq,
            bucket=bucket.name,
            patience_seconds=request.patience_seconds,
        )
        wait = stack.enter_context(follower.listening())
        _upload_all(bucket, request, job, total, screen)
        photos = job.waiting + job.outcomes.total()
        with screen.progress("following", photos) as on_progress:
            wait(lambda waiting: on_progress(photos - waiting, f"{follower.queue.depth().all:,} in the queue"))


def _upload_all(bucket: Bucket, request: Request, job: Job, total: int, screen: Screen) -> None:
    on_start: Callable[[str], None] = job.expect if request.watch else lambda _: None
    start = time.monotonic()
    with (
        closing(bucket.plan(walk(request.folder, request.prefix))) as actions,
        closing(bucket.perform(actions, on_start, lambda result: _note(result, job, request))) as results,
        screen.progress("uploading", total) as on_progress,
    ):
        for done, _ in enumerate(results, start=1):
            job.upload_seconds = time.monotonic() - start
            rate = job.bytes_up / max(job.upload_seconds, 0.001)
            on_progress(done, f"{human_bytes(round(rate))}/s, {job.failed:,} failed")


def _note(result: Uploaded | Unreadable, job: Job, request: Request) -> None:
    if isinstance(result, Unreadable):
        job.fail(Failure(result.name, NOT_UPLOADED, result.reason))
        return
    file = result.action.file
    if result.action.why is Why.UNCHANGED:
        job.note_unchanged()
    else:
        job.note_uploaded(file.size_bytes)
    if request.watch:
        job.follow(file.key, result.etag)
