"""`npm run upload`: a folder to the input bucket, and on request to the outcomes."""

from collections.abc import Generator, Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processing.wording import human_bytes
from scripts.aws.digest_subscription import subscribe_to_digests
from scripts.aws.photo_state import PhotoStates
from scripts.aws.sqs_queue import SqsQueue
from scripts.aws.stage import Stage
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, EXIT_STOPPED
from scripts.cli.errors import OperatorError
from scripts.cli.failures import NO_OUTCOME
from scripts.cli.output import Screen
from scripts.photo_job.follower import Follower, OutcomeLookup
from scripts.photo_job.job import PhotoJob, UnchangedFile, UploadItem
from scripts.photo_job.photo_folder import Unreadable, walk
from scripts.photo_job.progress import JobProgress
from scripts.photo_job.report import job_report
from scripts.photo_job.uploader import Uploader
from scripts.upload.compare import UploadAction, Why, compare_all
from scripts.upload.preview import Preview, preview_document, preview_report


@dataclass(frozen=True, kw_only=True)
class UploadRequest:
    """What to upload, and how.

    Attributes:
        folder: every file below it.
        prefix: precedes each key.
        threads: how many files at once.
        watch: whether to follow the photos to their outcomes.
        patience_seconds: without news for this long, following ends.
    """

    folder: Path
    prefix: str
    threads: int
    watch: bool
    patience_seconds: float


def upload(stage: Stage, request: UploadRequest, screen: Screen, *, execute: bool) -> int:
    """Upload a folder; without `execute` only say what would be uploaded."""
    if not request.folder.is_dir():
        raise OperatorError(f"{request.folder} is not a folder")
    uploader = Uploader(stage.s3, stage.outputs.input_bucket, request.threads)
    total = sum(1 for _ in walk(request.folder, request.prefix))
    if not execute:
        preview = _preview(uploader, request, total, screen)
        screen.result(preview_report(preview, uploader.bucket), preview_document(preview, uploader.bucket))
        return EXIT_OK
    progress = JobProgress()
    try:
        _run(stage, uploader, request, progress, total, screen)
    except KeyboardInterrupt:
        screen.note("Interrupted. Give the same command again to continue; it leaves out what is in the bucket.")
        screen.result(job_report(progress, uploader.bucket), _document(progress))
        raise
    screen.result(job_report(progress, uploader.bucket), _document(progress))
    return exit_code(progress)


def exit_code(progress: JobProgress) -> int:
    """Return the exit code of a job that ended."""
    if progress.outcomes[NO_OUTCOME] or progress.waiting:
        return EXIT_STOPPED
    return EXIT_SOME_FAILED if progress.failed else EXIT_OK


def _preview(uploader: Uploader, request: UploadRequest, total: int, screen: Screen) -> Preview:
    preview = Preview()
    with screen.progress("comparing", total) as show:
        for done, action in enumerate(compare_all(uploader, walk(request.folder, request.prefix)), start=1):
            preview.add(action)
            show(done, "")
    return preview


def _run(
    stage: Stage, uploader: Uploader, request: UploadRequest, progress: JobProgress, total: int, screen: Screen
) -> None:
    with ExitStack() as context:
        follower = None
        if request.watch:
            follower = Follower(
                progress=progress,
                receive=context.enter_context(subscribe_to_digests(stage)).receive,
                patience_seconds=request.patience_seconds,
                lookup=OutcomeLookup(stage, PhotoStates.of(stage)),
            )
        job = PhotoJob(uploader=uploader, progress=progress, follower=follower)
        context.enter_context(job.following())
        _upload(job, request, total, screen)
        if follower:
            _wait(job, stage.queue, screen)


def _upload(job: PhotoJob, request: UploadRequest, total: int, screen: Screen) -> None:
    progress = job.progress

    def on_progress() -> None:
        rate = f"{human_bytes(round(progress.bytes_in / max(progress.upload_seconds, 0.001)))}/s"
        done = progress.uploaded + progress.unchanged + progress.not_uploaded
        show(done, f"{rate}, {progress.failed:,} failed")

    with (
        closing(compare_all(job.uploader, walk(request.folder, request.prefix))) as actions,
        screen.progress("uploading", total) as show,
    ):
        job.upload(_items(actions), on_progress)


def _wait(job: PhotoJob, queue: SqsQueue, screen: Screen) -> None:
    photos = job.progress.waiting + job.progress.outcomes.total()
    with screen.progress("following", photos) as show:
        job.wait(lambda: show(photos - job.progress.waiting, f"{queue.depth().all:,} in the queue"))


def _items(actions: Iterable[UploadAction | Unreadable]) -> Generator[UploadItem]:
    for action in actions:
        if isinstance(action, Unreadable):
            yield action
        elif action.why is Why.UNCHANGED:
            yield UnchangedFile(action.file.key, action.etag)
        else:
            yield action.file


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
