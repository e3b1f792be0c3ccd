"""`npm start -- PHOTOS`: run a folder of photos through the service on a local stack."""

import webbrowser
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from processing.wording import count_of
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, main, make_app
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.local_stack.stack import local_stack
from scripts.photo_job.file_choice import AllOption, FileChoice, OnlyOption, SkipOption, skipped_lines
from scripts.photo_job.local_job import LocalJob
from scripts.start.closing import (
    CSV_NAME,
    PAGE_NAME,
    digest_mail,
    last_lines,
    work_report,
    write_failures,
    write_sheet,
)
from scripts.start.photos import find_photos, keep_apart, sample_photos

EPILOG = 'Example: npm start -- ~/Pictures/"my holiday" --out ~/small'
OUT, SAMPLES_OUT = Path("out"), Path("out-samples")

app = make_app("Run a folder of photos through the service on a local stack.")


def folder_name(text: str) -> Path:
    """Read a folder's name; an empty one is an unset shell variable and not the current folder."""
    if not text:
        raise typer.BadParameter("an empty name is not a folder.")
    return Path(text)


PhotosArgument = Annotated[
    Path | None,
    typer.Argument(
        parser=folder_name,
        metavar="PHOTOS",
        help="Folder of photos, in quotes if there are spaces; sample photos without it.",
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        parser=folder_name,
        metavar="DIR",
        help=f"Where the outputs go, under their keys; {OUT} by default, {SAMPLES_OUT} for sample photos.",
    ),
]
OpenOption = Annotated[bool, typer.Option("--open", help="Open the contact sheet in a browser.")]
DigestOption = Annotated[bool, typer.Option("--digest", help="Print the digest as e-mail subscribers receive it.")]
PatienceOption = Annotated[float, typer.Option(min=1, help="Give up a photo after this long without any news.")]


@dataclass(frozen=True, kw_only=True)
class StartRequest:
    """The options of `npm start`.

    Attributes:
        folder: of the photos; None for sample photos.
        out: for the outputs.
        patience_seconds: give up a photo after this long without any news.
        shows_digest: print the digest.
        opens_page: open the contact sheet in a browser.
    """

    folder: Path | None
    out: Path
    choice: FileChoice = field(default_factory=FileChoice)
    patience_seconds: float = 480
    shows_digest: bool = False
    opens_page: bool = False

    @property
    def title(self) -> str:
        return self.folder.resolve().name if self.folder else "sample photos"


@app.command(epilog=EPILOG)
def command(
    photos: PhotosArgument = None,
    out: OutOption = None,
    only: OnlyOption = None,
    skip: SkipOption = None,
    take_all: AllOption = False,
    patience_seconds: PatienceOption = 480,
    digest: DigestOption = False,
    open_page: OpenOption = False,
) -> int:
    """Run a folder of photos through the service on a local stack: renditions, PDFs and a contact sheet come out.

    Exit status: 0 all processed; 2 finished but some photos failed; 1 could not run or wrong usage; 130 interrupted.
    """
    request = StartRequest(
        folder=photos,
        out=out or (OUT if photos else SAMPLES_OUT),
        choice=FileChoice(only=tuple(only or ()), skip=tuple(skip or ()), takes_all=take_all),
        patience_seconds=patience_seconds,
        shows_digest=digest,
        opens_page=open_page,
    )
    try:
        return run(Screen(), request)
    except (ClientError, BotoCoreError) as error:  # without this it would be reported as AWS
        raise OperatorError(f"the local AWS failed: {error}") from error


def run(screen: Screen, request: StartRequest) -> int:
    """Run the job; return the exit status.

    Raises:
        OperatorError: the photos cannot be uploaded, the local stack did not come up, or it failed later.
    """
    folder, out, skipped = request.folder, request.out, Counter[str]()
    photos = sample_photos() if folder is None else find_photos(folder, request.choice, skipped)
    if folder is not None:
        keep_apart(folder, out)
    out.mkdir(parents=True, exist_ok=True)
    screen.note(f"{count_of(len(photos), 'photo')}, outputs to {out}")
    for line in skipped_lines(skipped):
        screen.note(line if request.choice.takes_all else f"{line} --all takes them, too.")
    with local_stack() as stack:
        job = LocalJob(stack=stack, out=out, patience_seconds=request.patience_seconds, say=screen.note)
        with closing_report(screen, request, job, len(photos)), screen.progress("photos", len(photos)) as show:
            job.run(photos, lambda: show(job.progress.settled, note(job)))
    return EXIT_SOME_FAILED if job.progress.failed else EXIT_OK


def note(job: LocalJob) -> str:
    """Return the words beside the progress bar."""
    progress = job.progress
    return f"{progress.uploaded:,} uploaded, {progress.photo_rate}, {progress.failed:,} failed"


@contextmanager
def closing_report(screen: Screen, request: StartRequest, job: LocalJob, expected: int) -> Iterator[None]:
    """Print the closing report after the block, also when it was interrupted.

    Raises:
        OperatorError: the local AWS failed.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        close(screen, request, job, expected)
        raise OperatorError(f"the local AWS failed: {error}", f"Its log is {job.stack.log}") from error
    except BaseException as error:
        close(screen, request, job, expected, is_interrupted=isinstance(error, KeyboardInterrupt))
        raise
    close(screen, request, job, expected)


def close(screen: Screen, request: StartRequest, job: LocalJob, expected: int, *, is_interrupted: bool = False) -> None:
    """Write the contact sheet and failures.csv, and print the report; the page's path is the last line."""
    progress, page = job.progress, request.out.resolve() / PAGE_NAME
    problems = {
        PAGE_NAME: write_sheet(job, request.title, expected - progress.settled),
        CSV_NAME: write_failures(progress.failures, request.out),
    }
    for problem in filter(None, problems.values()):
        screen.note(problem)
    mail = digest_mail(job) if request.shows_digest else []
    written = [name for name, problem in problems.items() if not problem]
    path = [str(page)] if PAGE_NAME in written else []
    closing = last_lines(progress, request.out, expected, written, is_interrupted=is_interrupted)
    screen.result([*work_report(job, expected), *mail, "", *closing, *path], None)
    if request.opens_page and path and not webbrowser.open(page.as_uri()):
        screen.note("No browser was found: open the page yourself.")


if __name__ == "__main__":
    main(app, "npm start --")
