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
from scripts.interruption import interrupt_once
from scripts.laptop_job import LaptopJob
from scripts.local_aws import LocalStackError
from scripts.local_stack import LocalStack, local_stack
from scripts.photo_folder import Photo, PhotoFolderError, find_photos, sample_photos
from scripts.progress import job_progress
from scripts.tally import Tally
from scripts.upload.folder import Unreadable

REPOSITORY = Path(__file__).parent.parent
EXIT_OK, EXIT_COULD_NOT_RUN, EXIT_SOME_FAILED, EXIT_INTERRUPTED = 0, 1, 2, 130

EPILOG = "Example: npm start -- ~/Pictures/holiday --out /tmp/holiday"

app = typer.Typer(add_completion=False, rich_markup_mode=None)
console = Console(stderr=True)
result_console = Console()


@app.command(epilog=EPILOG)
def main(
    photos: Annotated[Path | None, typer.Argument(help="Folder of photos; sample photos without it.")] = None,
    out: Annotated[Path, typer.Option(help="Where the outputs go, under their keys.")] = Path("out"),
    patience_seconds: Annotated[float, typer.Option(help="Give up a photo after so long without any news.")] = 480,
) -> None:
    """Runs a folder of photos through the service on a local stack: renditions, PDFs and a digest come out.

    Exit status: 0 all processed, 2 finished but some photos failed, 1 could not run, 130 interrupted.
    """
    interrupt_once()
    try:
        raise SystemExit(run(photos, out, patience_seconds))
    except (PhotoFolderError, LocalStackError, OSError) as error:
        console.print(f"Could not run: {error}", markup=False, highlight=False)
        raise SystemExit(EXIT_COULD_NOT_RUN) from None
    except (ClientError, BotoCoreError) as error:
        console.print(f"The local stack failed: {error}", markup=False, highlight=False)
        raise SystemExit(EXIT_COULD_NOT_RUN) from None
    except KeyboardInterrupt:
        console.print("Interrupted; the local stack is stopped.")
        raise SystemExit(EXIT_INTERRUPTED) from None


def run(folder: Path | None, out: Path, patience_seconds: float) -> int:
    """Runs the job; answers the exit status."""
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
    app()
