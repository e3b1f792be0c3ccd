"""Upload a folder to the input bucket, and follow the photos on request."""

from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from processing.wording import human_bytes
from scripts.aws.digest_subscription import subscribe_to_digests
from scripts.aws.photo_state import PhotoStates
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, EXIT_STOPPED
from scripts.cli.errors import OperatorError
from scripts.cli.failures import NO_OUTCOME
from scripts.cli.output import Screen
from scripts.photo_job.follower import Follower, OutcomeLookup
from scripts.photo_job.job import PhotoJob
from scripts.photo_job.photo_folder import walk
from scripts.photo_job.progress import JobProgress
from scripts.photo_job.report import job_report
from scripts.photo_job.uploader import Uploader
from scripts.upload.compare import compare_all
from scripts.upload.preview import Preview, preview_document, preview_report


@dataclass(frozen=True, kw_only=True)
class UploadRequest:
    """What to upload, and where.

    Attributes:
        prefix: precedes each key.
        threads: how many files at once.
        patience_seconds: without news for this long, following ends; None to upload only.
    """

    stage: Stage
    screen: Screen
    folder: Path
    prefix: str
    threads: int
    patience_seconds: float | None

    @cached_property
    def uploader(self) -> Uploader:
        return Uploader(self.stage.s3, self.stage.outputs.input_bucket, self.threads)

    @cached_property
    def total(self) -> int:
        return sum(1 for _ in walk(self.folder, self.prefix))


def upload(request: UploadRequest, *, execute: bool) -> int:
    """Upload a folder; without `execute` only say what would be uploaded."""
    if not request.folder.is_dir():
        raise OperatorError(f"{request.folder} is not a folder")
    bucket, screen = request.uploader.bucket, request.screen
    if not execute:
        preview = _preview(request)
        screen.result(preview_report(preview, bucket), preview_document(preview, bucket))
        return EXIT_OK
    progress = JobProgress()
    try:
        _run(request, progress)
    except KeyboardInterrupt:
        screen.note("Interrupted. Give the same command again to continue; it leaves out what is in the bucket.")
        screen.result(job_report(progress, bucket), _document(progress))
        raise
    screen.result(job_report(progress, bucket), _document(progress))
    return exit_code(progress)


def exit_code(progress: JobProgress) -> int:
    """Return the exit code of a job that ended."""
    if progress.outcomes[NO_OUTCOME] or progress.waiting:
        return EXIT_STOPPED
    return EXIT_SOME_FAILED if progress.failed else EXIT_OK


def _preview(request: UploadRequest) -> Preview:
    preview = Preview()
    with request.screen.progress("comparing", request.total) as show:
        files = compare_all(request.uploader, walk(request.folder, request.prefix))
        for done, file in enumerate(files, start=1):
            preview.add(file)
            show(done, "")
    return preview


def _run(request: UploadRequest, progress: JobProgress) -> None:
    stage, follower = request.stage, None
    with ExitStack() as context:
        if request.patience_seconds is not None:
            follower = Follower(
                progress=progress,
                receive=context.enter_context(subscribe_to_digests(stage)).receive,
                patience_seconds=request.patience_seconds,
                lookup=OutcomeLookup(stage, PhotoStates.of(stage)),
            )
        job = PhotoJob(uploader=request.uploader, progress=progress, follower=follower)
        context.enter_context(job.following())
        _upload(request, job)
        photos = progress.waiting + progress.outcomes.total()
        if follower:
            with request.screen.progress("following", photos) as show:
                job.wait(lambda: show(photos - progress.waiting, f"{stage.queue.depth().all:,} in the queue"))


def _upload(request: UploadRequest, job: PhotoJob) -> None:
    progress = job.progress

    def on_progress() -> None:
        rate = f"{human_bytes(round(progress.bytes_in / max(progress.upload_seconds, 0.001)))}/s"
        done = progress.uploaded + progress.unchanged + progress.not_uploaded
        show(done, f"{rate}, {progress.failed:,} failed")

    with (
        closing(compare_all(job.uploader, walk(request.folder, request.prefix))) as files,
        request.screen.progress("uploading", request.total) as show,
    ):
        job.upload(files, on_progress)


def _document(progress: JobProgress) -> dict[str, Any]:
    return {
        "executed": True,
        "uploaded": progress.uploaded,
        "unchanged": progress.unchanged,
        "bytes": progress.bytes_in,
        "outcomes": dict(progress.outcomes),
        "waiting": progress.waiting,
        "failed": progress.failed,
        "failures": [{"key": f.key, "code": f.code, "what_to_do": f.what_to_do} for f in progress.failures],
    }
