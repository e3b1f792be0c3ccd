"""The end of `npm start`: what was done, what failed and why, and where the outputs are."""

import io
from collections.abc import Sequence
from pathlib import Path

from processing.digest.message import email_text
from processing.digest.roll_up import combine
from processing.wording import count_of, human_bytes
from scripts.aws.local_endpoint import LOCAL_STAGE
from scripts.cli.failures import NO_OUTCOME, Failure, failures_csv
from scripts.cli.files import save
from scripts.cli.output import Report, key_text
from scripts.contact_sheet.collection import open_collection
from scripts.contact_sheet.links import relative_links
from scripts.contact_sheet.out_folder import collect
from scripts.contact_sheet.page import Heading, write_contact_sheet
from scripts.photo_job.advice import needs_log
from scripts.photo_job.local_job import LocalJob
from scripts.photo_job.photo_folder import error_reason
from scripts.photo_job.progress import MAX_NAMED, JobProgress, failure_lines, job_report

PAGE_NAME = "index.html"
CSV_NAME = "failures.csv"
AFTER_FAILURES = "Your originals are untouched. Fix what failed, then repeat the command: it skips what is done."
TO_GO_ON = "Your originals are untouched. To go on, repeat the command: it skips what is done."


def work_report(job: LocalJob, expected: int) -> Report:
    """Report uploads, outcomes, outputs and the rate."""
    progress = job.progress
    not_done = expected - progress.settled
    report = [*job_report(progress, job.stack.outputs.input_bucket, not_done=not_done)]
    report.append(f"Outputs: {human_bytes(progress.bytes_out)}; {progress.photo_rate}.")
    in_log = [code for code in {f.code for f in progress.failures} if code == NO_OUTCOME or needs_log(code)]
    return [*report, f"The log of the local AWS is {job.stack.log}"] if in_log else report


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


def local_failures_note(progress: JobProgress) -> list[str]:
    """Name the failures that the digest cannot contain."""
    counts = ", ".join(f"{count:,} {code}" for code, count in progress.local_failures.items())
    return [f"(It does not contain what failed on this machine: {counts}.)", ""] if counts else []


def last_lines(
    progress: JobProgress, out: Path, expected: int, written: Sequence[str], *, is_interrupted: bool = False
) -> list[str]:
    """Say how many photos are in the output folder, and explain each failure.

    Args:
        progress: of the job.
        out: the output folder, as the user named it.
        expected: the number of photos.
        written: `index.html` and `failures.csv`, if they could be written.
        is_interrupted: by Ctrl-C.
    """
    folder, ready, not_done = key_text(str(out)), progress.ready, expected - progress.settled
    page = f" (open {folder}/{PAGE_NAME})" if PAGE_NAME in written else ""
    begin = "Interrupted: " if is_interrupted else ""
    said = f"{begin}{ready:,} of {count_of(expected, 'photo')} {'is' if ready == 1 else 'are'} in {folder}/{page}."
    others = [f"{progress.outcomes['ignored']:,} ignored, no photos"] if progress.outcomes["ignored"] else []
    others += [f"{not_done:,} not done"] if not_done else []
    others += [f"{progress.failed:,} failed"] if progress.failed else []
    lines = [f"{said} {', '.join(others)}{':' if progress.failed else '.'}" if others else said]
    has_csv = CSV_NAME in written and len(progress.failures) > MAX_NAMED
    if progress.failed:
        lines += [*failure_lines(progress), ""]
        lines += [f"All of them are in {folder}/{CSV_NAME} and on the page."] if has_csv else []
    return [*lines, TO_GO_ON if not_done else AFTER_FAILURES] if not_done or progress.failed else lines


def write_sheet(job: LocalJob, title: str, not_done: int = 0) -> str:
    """Write the contact sheet; return why it could not be written, which does not fail the job.

    Args:
        job: also one that was interrupted.
        title: of the page.
        not_done: photos of an interrupted job that have no outcome.
    """
    path, progress = job.out.resolve() / PAGE_NAME, job.progress
    not_done_photos = count_of(not_done, "photo")
    interrupted = f"Interrupted: {not_done_photos} not done. To go on, repeat the command: it skips what is done."
    heading = Heading(
        title=key_text(title),
        after_failures=AFTER_FAILURES,
        notices=[interrupted] if not_done else [],
        failed=progress.failed,
        not_done=not_done,
    )
    try:
        with open_collection() as collection:
            collect(collection, job.out, job.results, progress.failures)
            write_contact_sheet(collection, path, heading, relative_links())
    except OSError as error:
        return f"The contact sheet {path} could not be written: {error_reason(error)}."
    return ""


def write_failures(failures: Sequence[Failure], out: Path) -> str:
    """Write failures.csv if there are more than the terminal names; remove that of an earlier run.

    Returns:
        Why it could not be written.
    """
    path = out.resolve() / CSV_NAME
    if len(failures) > MAX_NAMED:
        return _written(failures_csv(sorted(failures, key=lambda failure: (failure.code, failure.key))), path)
    try:
        if path.is_file() and path.read_bytes().startswith(failures_csv([])):
            path.unlink()
    except OSError as error:
        return f"{path} of an earlier run could not be removed: {error_reason(error)}."
    return ""


def _written(content: bytes, path: Path) -> str:
    try:
        save(io.BytesIO(content), path)
    except OSError as error:
        return f"{path} could not be written: {error_reason(error)}."
    return ""
