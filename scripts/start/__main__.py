"""`npm start -- PHOTOS`: run a folder of photos through the service on a local stack."""

import importlib.util
import time
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from processing.digest.message import email_text
from processing.digest.roll_up import combine
from processing.wording import count_of, human_bytes
from scripts.aws.local_endpoint import LOCAL_STAGE
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, main, make_app
from scripts.cli.errors import OperatorError
from scripts.cli.failures import NO_OUTCOME, Failure
from scripts.cli.output import Report, Screen, key_text
from scripts.contact_sheet.collection import open_collection
from scripts.contact_sheet.links import relative_links
from scripts.contact_sheet.out_folder import collect
from scripts.contact_sheet.page import Heading, write_contact_sheet
from scripts.local_stack.stack import local_stack
from scripts.photo_job.local_job import LocalJob
from scripts.photo_job.photo_folder import LocalFile, error_reason, walk
from scripts.photo_job.progress import JobProgress, job_report

EPILOG = 'Example: npm start -- ~/Pictures/"my holiday" --out ~/small'
# The dead letters go with the local stack: there is nothing to redrive.
PAGE_NAME = "index.html"
AFTER_FAILURES = "Your originals are untouched; fix what failed, then run the folder again."
# Photos that scikit-image ships under free licences (public domain and CC0; the docstrings in its data/_fetchers.py
# name each source).
SAMPLE_NAMES = (
    "astronaut.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "hubble_deep_field.jpg",
    "retina.jpg",
    "rocket.jpg",
)

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
    Path, typer.Option(parser=folder_name, metavar="DIR", help="Where the outputs go, under their keys.")
]
OpenOption = Annotated[bool, typer.Option("--open", help="Open the contact sheet in a browser.")]
PatienceOption = Annotated[float, typer.Option(min=1, help="Give up a photo after this long without any news.")]


@app.command(epilog=EPILOG)
def command(
    photos: PhotosArgument = None,
    out: OutOption = Path("out"),
    patience_seconds: PatienceOption = 480,
    open_page: OpenOption = False,
) -> int:
    """Run a folder of photos through the service on a local stack: renditions, PDFs and a digest come out.

    Exit status: 0 all processed; 2 finished but some photos failed; 1 could not run or wrong usage; 130 interrupted.
    """
    try:
        return run(Screen(), photos, out, patience_seconds, open_page=open_page)
    except (ClientError, BotoCoreError) as error:  # without this it would be reported as AWS
        raise OperatorError(f"the local AWS failed: {error}") from error


def run(screen: Screen, folder: Path | None, out: Path, patience_seconds: float, *, open_page: bool) -> int:
    """Run the job; return the exit status.

    Raises:
        OperatorError: the photos cannot be uploaded, the local stack did not come up, or it failed later.
    """
    photos = sample_photos() if folder is None else find_photos(folder)
    if folder is not None:
        keep_apart(folder, out)
    title = folder.resolve().name if folder else "sample photos"
    out.mkdir(parents=True, exist_ok=True)
    screen.note(f"{count_of(len(photos), 'photo')}, outputs to {out}")
    with local_stack() as stack:
        job = LocalJob(stack=stack, out=out, patience_seconds=patience_seconds)
        progress = job.progress
        try:
            with closing_report(screen, job, len(photos)), screen.progress("photos", len(photos)) as show:
                job.run(
                    photos,
                    lambda: show(progress.settled, f"{progress.uploaded:,} uploaded, {progress.failed:,} failed"),
                )
        except (KeyboardInterrupt, OperatorError):
            show_contact_sheet(screen, job, title=title, not_done=len(photos) - progress.settled)
            raise
    screen.result([*digest_mail(job), f"The outputs are in {out.resolve()}"], None)
    show_contact_sheet(screen, job, title=title, open_page=open_page)
    return EXIT_SOME_FAILED if job.progress.failed else EXIT_OK


def find_photos(folder: Path) -> list[LocalFile | Failure]:
    """List every file below a folder, and a failure for every entry that cannot be uploaded.

    Raises:
        OperatorError: it is not a folder, cannot be read, or is empty.
    """
    if not folder.is_dir():
        raise OperatorError(f"{folder} is not a folder. Name a folder of photos: npm start -- ~/Pictures/holiday")
    found = list(walk(folder))
    if not found:
        raise OperatorError(f"{folder} holds no files.")
    if isinstance(found[0], Failure) and not found[0].key:  # the folder itself
        raise OperatorError(f"{folder} cannot be read: {found[0].what_to_do}")
    return found


def keep_apart(folder: Path, out: Path) -> None:
    """Refuse an output folder among the photos: the next run would upload the outputs.

    Raises:
        OperatorError: the outputs would go into the folder of the photos.
    """
    if out.resolve().is_relative_to(folder.resolve()):
        raise OperatorError(
            f"the outputs would go to {out.resolve()}, among the photos in {folder.resolve()}, and the next run would "
            "upload them as photos. Choose another place with --out DIR."
        )


def sample_photos() -> Sequence[LocalFile]:
    """List the sample photos that come with a development dependency."""
    package = importlib.util.find_spec("skimage")
    if package is None or package.origin is None:
        raise OperatorError("The sample photos are not installed. Name a folder of photos instead.")
    files = [Path(package.origin).parent / "data" / name for name in SAMPLE_NAMES]
    return [LocalFile(file, file.name, file.stat().st_size) for file in files]


@contextmanager
def closing_report(screen: Screen, job: LocalJob, expected: int) -> Iterator[None]:
    """Print the closing report after the block, also when it was interrupted.

    Raises:
        OperatorError: the local AWS failed.
    """
    start = time.monotonic()
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise OperatorError(f"the local AWS failed: {error}", f"Its log is {job.stack.log}") from error
    finally:
        screen.result(final_report(job, expected, time.monotonic() - start), None)


def final_report(job: LocalJob, expected: int, seconds: float) -> Report:
    """Add the outputs, the rate and the next step to the job's report."""
    progress, stack = job.progress, job.stack
    bucket, not_done = stack.outputs.input_bucket, expected - progress.settled
    report = [*job_report(progress, bucket, not_done=not_done, max_examples=len(progress.failures))]
    report.append(f"Outputs: {human_bytes(progress.bytes_out)}; {progress.settled / max(seconds, 0.001):.1f} images/s.")
    report += [AFTER_FAILURES] if progress.failed else []
    return [*report, f"The log of the local AWS is {stack.log}"] if NO_OUTCOME in progress.outcomes else report


def digest_mail(job: LocalJob) -> Report:
    """Return the job's digest as an e-mail subscriber reads it."""
    if not job.digests:
        return []
    digest = combine(job.digests, stage=LOCAL_STAGE)
    return [
        "",
        "The digest, as an e-mail subscriber reads it:",
        "",
        *local_failures_note(job.progress),
        f"Subject: {digest.subject}",
        "",
        *email_text(digest).split("\n"),
    ]


def show_contact_sheet(
    screen: Screen, job: LocalJob, *, title: str, not_done: int = 0, open_page: bool = False
) -> None:
    """Write the contact sheet and print its path; a page that cannot be written does not fail the job.

    Args:
        screen: for the path.
        job: also one that was interrupted.
        title: of the page.
        not_done: photos of an interrupted job that have no outcome.
        open_page: open it in a browser.
    """
    path, progress = job.out.resolve() / PAGE_NAME, job.progress
    interrupted = f"Interrupted: {count_of(not_done, 'photo')} not done. Run the folder again to go on."
    heading = Heading(
        title=key_text(title),
        after_failures=AFTER_FAILURES,
        notices=[interrupted] if not_done else [],
        failed=progress.failed,
        not_done=not_done,
    )
    try:
        with open_collection() as collection:
            results = [result for digest in job.digests for result in digest.results]
            collect(collection, job.out, results, progress.failures)
            write_contact_sheet(collection, path, heading, relative_links())
    except OSError as error:
        screen.note(f"The contact sheet {path} could not be written: {error_reason(error)}.")
        return
    screen.result(["Open the contact sheet in a browser:", str(path)], None)
    if open_page and not webbrowser.open(path.as_uri()):
        screen.note("No browser was found: open the page yourself.")


def local_failures_note(progress: JobProgress) -> list[str]:
    """Name the failures that the digest cannot contain."""
    counts = ", ".join(f"{count:,} {code}" for code, count in progress.local_failures.items())
    return [f"(It does not contain what failed on this machine: {counts}.)", ""] if counts else []


if __name__ == "__main__":
    main(app, "npm start --")
