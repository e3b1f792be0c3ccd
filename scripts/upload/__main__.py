"""`npm run upload`: upload a folder to the input bucket, and follow the photos on request."""

from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import typer

from processing.failures import FailureCode
from processing.wording import count_of
from scripts.aws.digest_subscription import subscribe_to_digests
from scripts.aws.photo_state import PhotoStates
from scripts.aws.stage import Stage, find_stage
from scripts.cli.command_line import (
    EXIT_CODES,
    EXIT_OK,
    EXIT_SOME_FAILED,
    EXIT_STOPPED,
    ExecuteOption,
    JsonOption,
    StageOption,
    main,
    make_app,
)
from scripts.cli.errors import OperatorError
from scripts.cli.failures import NO_OUTCOME, Failure
from scripts.cli.output import Screen
from scripts.cli.units import parse_duration
from scripts.contact_sheet.stage_links import BaseUrlOption, ExpiresOption, page_file
from scripts.photo_job.file_choice import AllOption, FileChoice, OnlyOption, SkipOption, choose, skipped_lines
from scripts.photo_job.follower import Follower, OutcomeLookup
from scripts.photo_job.function_errors import FunctionWatch, stage_errors
from scripts.photo_job.job import PhotoJob
from scripts.photo_job.photo_folder import LocalFile, refuse_too_large, walk
from scripts.photo_job.progress import JobProgress, failure_lines, job_report
from scripts.photo_job.uploader import Uploader
from scripts.upload.compare import Preview, compare_all, preview_document, preview_report
from scripts.upload.report_page import ReportPage

EXAMPLE = "Example: npm run upload -- ~/Pictures/holiday --watch --stage prod --execute"

app = make_app("Upload a folder of photos and, with --watch, follow each to its outcome.")


@app.command(epilog=f"{EXAMPLE}\n\n{EXIT_CODES}")
def command(
    stage: StageOption,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The photos below it; their paths become their keys.")],
    prefix: Annotated[str, typer.Option("--prefix", metavar="TEXT", help="Precedes each key, as in 2026/.")] = "",
    only: OnlyOption = None,
    skip: SkipOption = None,
    take_all: AllOption = False,
    watch: Annotated[bool, typer.Option("--watch", help="Wait until every photo has an outcome.")] = False,
    wait: Annotated[
        timedelta | None,
        typer.Option(
            "--wait", parser=parse_duration, metavar="TIME", help="Longest time without news; 30m by default."
        ),
    ] = None,
    report_file: Annotated[
        Path | None,
        typer.Option("--report", parser=page_file, metavar="FILE", help="With --watch: write the contact sheet there."),
    ] = None,
    expires: ExpiresOption = None,
    base_url: BaseUrlOption = None,
    threads: Annotated[int, typer.Option("--threads", min=1, max=64, help="Files at once.")] = 16,
    execute: ExecuteOption = False,
    as_json: JsonOption = False,
) -> int:
    """Upload what is not in the bucket yet or has changed; compare sizes and checksums.

    A file that cannot be read is reported and the rest goes on. Give the same command again to continue.
    """
    target, screen = find_stage(stage), Screen(as_json=as_json)
    if not folder.is_dir():
        raise OperatorError(f"{folder} is not a folder")
    page = _report_page(target, report_file, expires, base_url, is_watching=watch)
    uploader = Uploader(target.s3, target.outputs.input_bucket, threads)
    processed = target.outputs.key_filter
    choice = FileChoice(only=tuple(only or ()), skip=tuple(skip or ()), takes_all=take_all, processed=processed)
    upload = FolderUpload(
        stage=target, screen=screen, folder=folder, prefix=prefix, uploader=uploader, choice=choice, page=page
    )
    if not execute:
        preview, skipped = upload.preview(), dict(upload.skipped)
        report = [*preview_report(preview, uploader.bucket), *skipped_lines(upload.skipped)]
        screen.result(report, {**preview_document(preview, uploader.bucket), "skipped": skipped})
        return EXIT_OK
    try:
        upload.run((wait or timedelta(minutes=30)).total_seconds() if watch else None)
    except KeyboardInterrupt:
        screen.note("Interrupted. Give the same command again to continue; it leaves out what is in the bucket.")
        upload.report()
        raise
    upload.report()
    return exit_code(upload.progress)


@dataclass(frozen=True, kw_only=True)
class FolderUpload:
    """The upload of one folder to a stage.

    Attributes:
        prefix: precedes each key.
        choice: of the folder's files.
        skipped: counts the others, by reason.
        page: the contact sheet, if one was asked for.
    """

    stage: Stage
    screen: Screen
    folder: Path
    prefix: str
    uploader: Uploader
    choice: FileChoice = field(default_factory=FileChoice)
    skipped: Counter[str] = field(default_factory=Counter)
    page: ReportPage | None = None
    progress: JobProgress = field(default_factory=JobProgress)

    def preview(self) -> Preview:
        """Compare every file with the bucket."""
        preview = Preview()
        with self.screen.progress("comparing", self._total) as show:
            for done, file in enumerate(self._compared_files(), start=1):
                preview.add(file)
                show(done, "")
        return preview

    def run(self, patience_seconds: float | None) -> None:
        """Upload the folder; follow the photos unless `patience_seconds` is None.

        Args:
            patience_seconds: without news for this long, following ends.
        """
        follower = None
        if self.page:
            self.progress.on_settled = self.page.note
        with ExitStack() as context:
            if patience_seconds is not None:
                follower = Follower(
                    progress=self.progress,
                    receive=context.enter_context(subscribe_to_digests(self.stage)).receive,
                    patience_seconds=patience_seconds,
                    watch=self._function_watch().look,
                    lookup=OutcomeLookup(self.stage, PhotoStates.of(self.stage)),
                )
            job = PhotoJob(uploader=self.uploader, progress=self.progress, follower=follower)
            context.enter_context(job.following())
            self._upload(job)
            if follower:
                self._follow(job)

    def report(self) -> None:
        """Print the result."""
        progress = self.progress
        failed = [f"{count_of(progress.failed, 'failure')}:", *failure_lines(progress)] if progress.failed else []
        report = [*job_report(progress, self.uploader.bucket), *skipped_lines(self.skipped)]
        report += ["", *failed] if failed else []
        title = self.prefix or self.folder.resolve().name
        lines = self.page.write(progress, title, self.screen) if self.page else []
        document = {**_document(progress), "skipped": dict(self.skipped)}
        self.screen.result([*report, *lines], {**document, "report": lines[-1]} if lines else document)

    def _function_watch(self) -> FunctionWatch:
        log, has_outcome = stage_errors(self.stage), self.progress.outcomes.total
        return FunctionWatch(log, lambda: bool(has_outcome()), self.screen.note, ends_job=False, every_seconds=5)

    @cached_property
    def _total(self) -> int:
        return sum(1 for _ in choose(walk(self.folder, self.prefix), self.choice, Counter(), self.prefix))

    def _compared_files(self) -> Generator[LocalFile | Failure]:
        chosen = choose(walk(self.folder, self.prefix), self.choice, self.skipped, self.prefix)
        max_bytes, advice = self.stage.read_settings().max_bytes, FailureCode.TOO_MANY_BYTES.what_to_do
        return compare_all(self.uploader, refuse_too_large(chosen, max_bytes, advice))

    def _upload(self, job: PhotoJob) -> None:
        progress = self.progress

        def on_progress() -> None:
            done = progress.uploaded + progress.unchanged + progress.not_uploaded
            show(done, f"{progress.upload_rate}, {progress.failed:,} failed")

        with closing(self._compared_files()) as files, self.screen.progress("uploading", self._total) as show:
            job.upload(files, on_progress)

    def _follow(self, job: PhotoJob) -> None:
        photos = self.progress.waiting + self.progress.outcomes.total()
        with self.screen.progress("following", photos) as show:
            job.wait(lambda: show(photos - self.progress.waiting, f"{self.stage.queue.depth().all:,} in the queue"))


def _report_page(
    stage: Stage, file: Path | None, expires: timedelta | None, base_url: str | None, *, is_watching: bool
) -> ReportPage | None:
    """Return the contact sheet that the options ask for.

    Raises:
        OperatorError: the options contradict each other.
    """
    if file is None and (expires or base_url):
        raise OperatorError("--expires and --base-url are about the links of --report FILE")
    if file is None:
        return None
    if not is_watching:
        raise OperatorError("--report shows outcomes: it needs --watch")
    return ReportPage(stage=stage, file=file, expires=expires, base_url=base_url)


def exit_code(progress: JobProgress) -> int:
    """Return the exit code of a job that ended."""
    if progress.outcomes[NO_OUTCOME] or progress.waiting:
        return EXIT_STOPPED
    return EXIT_SOME_FAILED if progress.failed else EXIT_OK


def _document(progress: JobProgress) -> dict[str, Any]:
    return {
        "executed": True,
        "uploaded": progress.uploaded,
        "unchanged": progress.unchanged,
        "bytes": progress.bytes_in,
        "outcomes": dict(progress.outcomes),
        "waiting": progress.waiting,
        "failed": progress.failed,
        "failures": [asdict(failure) for failure in progress.failures],
    }


if __name__ == "__main__":
    main(app, "npm run upload --")
