"""`npm start -- PHOTOS`: a folder of photos through the deployed service, on this laptop."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from processing.digest import email_text
from processing.roll_up import combine
from scripts.closing_report import print_report
from scripts.commands import EXIT_OK, EXIT_SOME_FAILED, OperatorError, main, make_app
from scripts.laptop_job import LaptopJob
from scripts.local_aws import LocalStackError
from scripts.local_stack import LocalStack, local_stack
from scripts.photo_folder import Photo, PhotoFolderError, find_photos, keep_apart, sample_photos
from scripts.progress import job_progress
from scripts.tally import Tally
from scripts.upload.folder import Unreadable

REPOSITORY = Path(__file__).parent.parent

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
    except (ClientError, BotoCoreError) as error:
        raise OperatorError(f"the local stack failed: {error}") from error


def run(folder: Path | None, out: Path, patience_seconds: float) -> int:
    """Runs the job; answers the exit status."""
    if folder:
        keep_apart(folder, out)
    photos = find_photos(folder) if folder else sample_photos()
    out.mkdir(parents=True, exist_ok=True)
    console.print(f"{len(photos):,} photos, outputs to {out}", markup=False, highlight=False)
    with local_stack(REPOSITORY) as stack:
        start = time.monotonic()
        tally = work(stack, photos, out, patience_seconds)
        seconds = time.monotonic() - start
    print_report(result_console, tally, seconds)
    print_mail(tally, stage="local")
    return EXIT_SOME_FAILED if tally.failures else EXIT_OK


def work(stack: LocalStack, photos: Sequence[Photo | Unreadable], out: Path, patience_seconds: float) -> Tally:
    """Takes the photos through a running stack."""
    tally = Tally(expected=len(photos))
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
        result_console.print(laptop_note(tally.failed_on_the_laptop))
    result_console.print(f"Subject: {digest.subject}\n", markup=False, highlight=False)
    result_console.print(email_text(digest), markup=False, highlight=False)


def laptop_note(failed: Mapping[str, int]) -> str:
    """What a digest cannot know.

    Args:
        failed: how many photos failed on the laptop, by code.
    """
    counts = ", ".join(f"{count:,} {code}" for code, count in failed.items())
    return f"(What failed on this laptop is not in it, because the service cannot know: {counts}.)\n"


if __name__ == "__main__":
    main(app, "npm start --")
