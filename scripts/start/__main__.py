"""`npm start -- PHOTOS`: a folder of photos through the deployed service, on this laptop."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from processing.digest.message import email_text
from processing.digest.roll_up import combine
from processing.wording import count_of
from scripts.aws.local_endpoint import LocalStack
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, main, make_app
from scripts.cli.errors import OperatorError
from scripts.cli.repository import REPOSITORY
from scripts.local_stack.ministack import LocalStackError
from scripts.local_stack.stack import local_stack
from scripts.start.job import LaptopJob
from scripts.start.photo_folder import Photo, PhotoFolderError, find_photos, keep_apart, sample_photos
from scripts.start.progress import NO_OUTCOME, Tally
from scripts.start.progress_bar import job_progress
from scripts.start.report import print_report
from scripts.upload.folder import Unreadable

EPILOG = 'Example: npm start -- ~/Pictures/"my holiday" --out ~/small'

app = make_app("A folder of photos through the deployed service, on this laptop.")
console = Console(stderr=True)
result_console = Console()


def folder_name(text: str) -> Path:
    """A folder as an argument; an empty one is an unset variable of somebody's script, not the current folder."""
    if not str(text):
        raise typer.BadParameter("an empty name is no folder.")
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
    Path, typer.Option(parser=folder_name, metavar="DIR", help="Where the outputs go, under their keys.")
]
PatienceOption = Annotated[float, typer.Option(min=1, help="Give up a photo after so long without any news.")]


@app.command(epilog=EPILOG)
def command(photos: PhotosArgument = None, out: OutOption = Path("out"), patience_seconds: PatienceOption = 480) -> int:
    """Runs a folder of photos through the service on a local stack: renditions, PDFs and a digest come out.

    Exit status: 0 all processed; 2 finished but some photos failed; 1 could not run, wrong usage among it;
    130 interrupted.
    """
    try:
        return run(photos, out, patience_seconds)
    except (PhotoFolderError, LocalStackError) as error:
        raise OperatorError(str(error)) from error
    except (ClientError, BotoCoreError) as error:  # not AWS, as these would be told otherwise
        raise OperatorError(f"the local AWS failed: {error}") from error


def run(folder: Path | None, out: Path, patience_seconds: float) -> int:
    """Runs the job; answers the exit status.

    Raises:
        PhotoFolderError: there is nothing to upload, or the outputs would go among the photos.
        LocalStackError: the local stack did not come up.
        OperatorError: it came up and failed later.
    """
    photos = choose_photos(folder, out)
    out.mkdir(parents=True, exist_ok=True)
    say(console, f"{count_of(len(photos), 'photo')}, outputs to {out}")
    tally = Tally(expected=len(photos))
    with local_stack(REPOSITORY) as stack, account_of(tally, stack.log):
        work(stack, photos, out, patience_seconds, tally)
    print_mail(tally, stage="local")
    say(result_console, f"The outputs are in {out.resolve()}")
    return EXIT_SOME_FAILED if tally.failures else EXIT_OK


def choose_photos(folder: Path | None, out: Path) -> Sequence[Photo | Unreadable]:
    """The photos of a folder that the outputs stay out of; the sample photos without one."""
    if folder is None:
        return sample_photos()
    photos = find_photos(folder)
    keep_apart(folder, out)
    return photos


@contextmanager
def account_of(tally: Tally, log: Path) -> Iterator[None]:
    """Prints the closing account of the job in the block, however far it came.

    Args:
        tally: of the job.
        log: of the local AWS.

    Raises:
        OperatorError: the local AWS failed.
    """
    start = time.monotonic()
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise OperatorError(f"the local AWS failed: {error}\nIts log is {log}") from error
    finally:
        print_report(result_console, tally, time.monotonic() - start)
        if NO_OUTCOME in tally.outcomes:
            say(result_console, f"The log of the local AWS is {log}")


def work(
    stack: LocalStack,
    photos: Sequence[Photo | Unreadable],
    out: Path,
    patience_seconds: float,
    tally: Tally | None = None,
) -> Tally:
    """Takes the photos through a running stack; answers the tally."""
    tally = tally or Tally(expected=len(photos))
    job = LaptopJob(
        s3=stack.client("s3"),
        sqs=stack.client("sqs"),
        input_bucket=stack.outputs.input_bucket,
        output_bucket=stack.outputs.output_bucket,
        follow_queue_url=stack.outputs.follow_queue_url,
        out=out,
        patience_seconds=patience_seconds,
    )
    with job_progress(console, len(photos)) as on_progress:
        job.run(photos, tally, on_progress)
    return tally


def print_mail(tally: Tally, stage: str) -> None:
    """Shows the job's digest as an e-mail subscriber reads it."""
    if not tally.digests:
        return
    digest = combine(tally.digests, stage=stage)
    result_console.rule("The digest, as an e-mail subscriber reads it")
    if tally.failed_on_the_laptop:
        say(result_console, laptop_note(tally.failed_on_the_laptop))
    say(result_console, f"Subject: {digest.subject}\n")
    say(result_console, email_text(digest))


def laptop_note(failed: Mapping[str, int]) -> str:
    """What a digest cannot know.

    Args:
        failed: how many photos failed on the laptop, by code.
    """
    counts = ", ".join(f"{count:,} {code}" for code, count in failed.items())
    return f"(What failed on this laptop is not in it, because the service cannot know: {counts}.)\n"


def say(to: Console, text: str) -> None:
    """Prints a text as it is: paths and mails are not cut into lines of the terminal's width."""
    to.print(text, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main(app, "npm start --")
